/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <string.h>

#include <rte_common.h>

#include "published.h"

#define BAR PUBLISHED_BAR
#define SIZE PUBLISHED_SIZE
#define CORES PUBLISHED_CORES
#define LEAST PUBLISHED_LEAST

#define XDP_PAPER_RIG "rig of the XDP paper"
#define ENSO_CARD "FPGA SmartNIC 100 GbE, 3.1 GHz"
#define EVAL "enso_eval README"
#define PLOTS "enso_eval paper_plots.py"
#define XDP_RIG "ConnectX-5 100 GbE, E5-1650 v4 3.6 GHz"
#define XDP_DATA "tohojo/xdp-paper, data of XDP, CoNEXT'18"
#define GRACE "Intel E810, Arm Grace"
#define P2100 "Broadcom P2100 2x100 GbE, EPYC 9554 3.1 GHz"
#define KATRAN "Katran commit 370665f5, 2024-03-13"
#define OSDI "Ensō, OSDI'23, abstract"
#define E810_GEN3 "Intel E810 100 GbE, PCIe Gen3 host, 3.1 GHz"
#define PATCH_SUM "before and after the patch; probably the sum of two ports"
#define SUM "probably the sum of two ports"
#define PATCH "before and after the patch"
#define ICE_COMMIT "DPDK commit c522ba733b, 2026-04-15"
#define IAVF_COMMIT "DPDK commit 7ea2dfeaeb"
#define BLOG "Sadok, CSD blog draft"
#define BNXT_COMMITS "DPDK commits 8001e1c8f7, 1b307e5356"
#define SYNTHETIC "synthetic test, no NIC"
#define XDP_PAPER "tohojo/xdp-paper"

/* clang-format off */
const struct published published[] = {
	{"1.1", "echo", "Ensō echo", ENSO_CARD, 148.8, 148.8, 1, 64, BAR,
		OSDI "; " EVAL ", claim 1",
		"line rate; the set-up (3.1 GHz, PCIe Gen3) is in experiment.py"},
	{"1.13", "echo", "Ensō echo, all sizes", ENSO_CARD, 8.13, 148.81, 0, 0, 0,
		EVAL ", claim 5; experiment.py",
		"100 Gbps on 1, 2, 4 and 8 cores at 64, 128, 256, 512, 1024 and 1518 B; Mpps by "
		"arithmetic"},
	{"1.15", "echo", "DPDK 20.11 echo on E810", E810_GEN3, 100.37, 100.37, 2, 64, BAR,
		PLOTS ", line 1666", "51.3899 Gbps of 64-byte payload / 512 bits"},
	{"1.35", "other", "Ensō, early design", "FPGA SmartNIC", 125.0, 125.0, 0, 64, 0,
		"Ensō commit 0f4d8d3, 2020-11-25",
		"84 Gbps with smallest packets / 672 bits; one notification per packet"},
	{"1.36", "other", "Ensō, present API", "FPGA SmartNIC 100 GbE", 148.8, 148.8, 0, 64, 0,
		"Ensō commit eb2c869, 2023-02-23", "99.9 Gbps the day before (8beb4b1, f1bd43c)"},
	{"3.1", "echo", "testpmd on E810", GRACE, 77.6, 110.9, 1, 64, SIZE | BAR,
		ICE_COMMIT, PATCH_SUM},
	{"3.1", "echo", "testpmd on E810", GRACE, 77.2, 103.5, 1, 128, SIZE,
		ICE_COMMIT, PATCH_SUM},
	{"3.1", "echo", "testpmd on E810", GRACE, 55.2, 55.2, 1, 256, SIZE,
		ICE_COMMIT, SUM},
	{"3.1", "echo", "testpmd on E810", GRACE, 28.8, 29.0, 1, 512, SIZE,
		ICE_COMMIT, PATCH_SUM},
	{"3.1", "echo", "testpmd on E810", GRACE, 14.6, 14.6, 1, 1024, SIZE,
		ICE_COMMIT, SUM},
	{"3.1", "echo", "testpmd on E810", GRACE, 9.7, 9.8, 1, 1518, SIZE,
		ICE_COMMIT, SUM},
	{"3.2", "echo", "testpmd on E810 VF", GRACE, 62.2, 86.0, 1, 64, SIZE | BAR,
		IAVF_COMMIT, PATCH_SUM},
	{"3.2", "echo", "testpmd on E810 VF", GRACE, 60.8, 81.5, 1, 128, SIZE,
		IAVF_COMMIT, PATCH_SUM},
	{"3.2", "echo", "testpmd on E810 VF", GRACE, 23.7, 24.6, 1, 256, SIZE,
		IAVF_COMMIT, PATCH_SUM},
	{"3.2", "echo", "testpmd on E810 VF", GRACE, 10.3, 10.3, 1, 512, SIZE,
		IAVF_COMMIT, SUM},
	{"3.2", "echo", "testpmd on E810 VF", GRACE, 4.6, 4.6, 1, 1024, SIZE,
		IAVF_COMMIT, SUM},
	{"3.2", "echo", "testpmd on E810 VF", GRACE, 4.6, 4.7, 1, 1518, SIZE,
		IAVF_COMMIT, SUM},
	{"3.3", "echo", "testpmd io on P2100", P2100, 46.0, 47.2, 0, 64, BAR,
		BNXT_COMMITS, "46.0 sent, 47.2 received"},
	{"3.3", "echo", "testpmd macswap on P2100", P2100, 45.8, 46.0, 0, 64, 0,
		BNXT_COMMITS, PATCH},
	{"3.4", "other", "flow generator", "Marvell", 6.9, 11.0, 1, 0, 0,
		"DPDK commit 6c02043e99", "11 with clones"},
	{"3.5", "other", "dpaa2", "NXP, 2 GHz core", 4.22, 5.0, 1, 0, 0,
		"DPDK commit 87dd2307c0", PATCH},
	{"3.6", "other", "DPDK 18.05 rx-only on CX-5", XDP_RIG, 43.5, 43.5, 1, 0, 0,
		XDP_DATA, "receives and drops"},
	{"3.6", "other", "DPDK 18.05 rx-only on CX-5", XDP_RIG, 74, 75, 2, 0, 0,
		XDP_DATA, "receives and drops"},
	{"3.6", "other", "DPDK 18.05 rx-only on CX-5", XDP_RIG, 97.5, 97.5, 3, 0, 0,
		XDP_DATA, "receives and drops"},
	{"3.6", "other", "DPDK 18.05 rx-only on CX-5", XDP_RIG, 113.9, 115.8, 4, 0, 0,
		XDP_DATA, "receives and drops"},
	{"3.6", "other", "DPDK 18.05 rx-only on CX-5", XDP_RIG, 115.5, 115.5, 5, 0, 0,
		XDP_DATA, "receives and drops"},
	{"3.7", "echo", "DPDK 18.05 forward on CX-5", XDP_RIG, 21.9, 23.9, 1, 0, CORES | BAR,
		XDP_DATA, "same port"},
	{"3.7", "echo", "DPDK 18.05 forward on CX-5", XDP_RIG, 26.5, 35.3, 2, 0, CORES,
		XDP_DATA, "same port"},
	{"3.7", "echo", "DPDK 18.05 forward on CX-5", XDP_RIG, 38.2, 56.5, 3, 0, CORES,
		XDP_DATA, "same port"},
	{"3.7", "echo", "DPDK 18.05 forward on CX-5", XDP_RIG, 40.6, 58.2, 4, 0, CORES,
		XDP_DATA, "same port"},
	{"3.7", "echo", "DPDK 18.05 forward on CX-5", XDP_RIG, 51.2, 63.0, 5, 0, CORES,
		XDP_DATA, "same port"},
	{"3.8", "other", "PCIe limit of that host, drop", XDP_RIG, 83, 115, 0, 0, 0,
		XDP_DATA, "115 with CQE compression, 83 to 87 without"},
	{"3.8", "other", "PCIe limit of that host, forward", XDP_RIG, 70, 70, 0, 0, 0,
		XDP_DATA, "same port"},
	{"3.9", "other", "XDP_DROP on CX-5", XDP_RIG, 24, 25.9, 1, 0, 0,
		XDP_DATA, ""},
	{"3.9", "echo", "XDP_TX on CX-5", XDP_RIG, 16.2, 17.0, 1, 0, BAR,
		XDP_DATA, ""},
	{"3.9", "other", "Linux stack on CX-5", XDP_RIG, 1.74, 5.05, 1, 0, 0,
		XDP_DATA, ""},
	{"3.11", "other", "PCIe transaction limit", "ConnectX-5 family", 108, 108, 0, 0, 0,
		"J. D. Brouer, netdev mail", "with RX queues and descriptor compression"},
	{"3.12", "other", "pktgen, sending", "ConnectX-6, PCIe Gen3", 99, 99, 0, 64, 0,
		"pktgen-dpdk issue 62", "about"},
	{"3.13", "other", "pktgen", "Intel E810", 96.7, 96.7, 16, 64, 0,
		"pktgen-dpdk issue 283", "about 65 Gbps / 672 bits"},
	{"3.14", "other", "TRex", "Intel E810", 77.4, 77.4, 0, 64, 0,
		"TRex issue 747", "52 Gbps / 672 bits, if these are wire bits"},
	{"3.15", "other", "firmware cap of a port", "Intel XL710, XXV710", 18.75, 18.75, 0, 0, 0,
		"FD.io CSIT documentation", ""},
	{"3.16", "echo", "ixy forwarding", "two 10 GbE ports, 3.0 GHz core", 25, 25, 1, 0, BAR | LEAST,
		"ixy README", ""},
	{"3.17", "other", "CC-NIC", "coherent interconnect", 1500, 1500, 0, 0, 0,
		"CC-NIC, ASPLOS'24, abstract", ""},
	{"3.21", "other", "memif zero-copy testpmd", "software; Neoverse N1", 2.749, 2.955, 0, 0, 0,
		"DPDK commit aa3e97fcb5", PATCH},
	{"3.23", "other", "net_af_packet, receive", "software; VM", 1.22, 1.23, 0, 0, 0,
		"DPDK commit d41d39bcf7", ""},
	{"3.24", "other", "AF_XDP", "ConnectX-5", 20, 20, 1, 0, LEAST,
		XDP_PAPER, "kernel RX drop"},
	{"3.25", "other", "virtio PMD", "software; guest", 8.86, 8.86, 0, 0, 0,
		"patch text, stored file id 21501917", ""},
	{"3.26", "other", "VPP vhost NDR", "software", 7.5, 7.5, 2, 0, 0,
		"FD.io documentation", "about"},
	{"1.14", "maglev", "Ensō Maglev", ENSO_CARD, 148.8, 148.8, 4, 64, BAR,
		EVAL ", claim 6", "cached and SYN flood; line rate (also 3.27)"},
	{"3.28", "maglev", "DPDK Maglev on E810", E810_GEN3, 24.8, 24.8, 0, 64, BAR | LEAST,
		"148.8 / 6, from \"up to 6x\" (1.4)",
		"a bound, at the core count for which 6x holds; not published as text"},
	{"3.29", "maglev", "Katran (XDP)", XDP_PAPER_RIG, 5.2, 5.2, 1, 0, CORES | BAR,
		XDP_PAPER, ""},
	{"3.29", "maglev", "Katran (XDP)", XDP_PAPER_RIG, 10.1, 10.1, 2, 0, CORES,
		XDP_PAPER, ""},
	{"3.29", "maglev", "Katran (XDP)", XDP_PAPER_RIG, 14.6, 14.6, 3, 0, CORES,
		XDP_PAPER, ""},
	{"3.29", "maglev", "Katran (XDP)", XDP_PAPER_RIG, 19.5, 19.5, 4, 0, CORES,
		XDP_PAPER, ""},
	{"3.29", "maglev", "Katran (XDP)", XDP_PAPER_RIG, 23.4, 23.4, 5, 0, CORES,
		XDP_PAPER, ""},
	{"3.29", "maglev", "Katran (XDP)", XDP_PAPER_RIG, 29.3, 29.3, 6, 0, CORES | BAR,
		XDP_PAPER, ""},
	{"3.30", "maglev", "Linux IPVS", XDP_PAPER_RIG, 1.2, 1.2, 1, 0, CORES | BAR,
		XDP_PAPER, ""},
	{"3.30", "maglev", "Linux IPVS", XDP_PAPER_RIG, 2.4, 2.4, 2, 0, CORES,
		XDP_PAPER, ""},
	{"3.30", "maglev", "Linux IPVS", XDP_PAPER_RIG, 3.7, 3.7, 3, 0, CORES,
		XDP_PAPER, ""},
	{"3.30", "maglev", "Linux IPVS", XDP_PAPER_RIG, 4.8, 4.8, 4, 0, CORES,
		XDP_PAPER, ""},
	{"3.30", "maglev", "Linux IPVS", XDP_PAPER_RIG, 6.0, 6.0, 5, 0, CORES,
		XDP_PAPER, ""},
	{"3.30", "maglev", "Linux IPVS", XDP_PAPER_RIG, 7.3, 7.3, 6, 0, CORES | BAR,
		XDP_PAPER, ""},
	{"3.31", "maglev-cached", "Katran, cache hit", SYNTHETIC, 2.61, 2.61, 1, 0, BAR,
		KATRAN, "383 ns per packet"},
	{"3.31", "maglev-syn", "Katran, LRU updated", SYNTHETIC, 1.71, 1.71, 1, 0, BAR,
		KATRAN, "584 ns per packet, updated on each"},
	{"3.31", "maglev-syn", "Katran, SYN protection", SYNTHETIC, 1.98, 1.98, 1, 0, BAR,
		KATRAN, "505 ns per packet, with SYN-flood protection"},
	{"3.32", "maglev", "VPP lb plugin", "not told", 3, 3, 1, 0, BAR | LEAST,
		"FDio/vpp lb_plugin_doc.rst", "1 M flows"},
	{"3.33", "maglev", "Google Maglev", "10 GbE", 14.88, 14.88, 0, 64, 0,
		"Maglev, NSDI'16, abstract",
		"\"saturates a 10 Gbps link with small packets\"; Mpps by arithmetic if small is "
		"64 B"},
};
const size_t n_published = RTE_DIM(published);

const struct published_claim published_claims[] = {
	{"1.2",
		"Ensō carries 1.5 to 6 times the application throughput of a packetized NIC.",
		OSDI},
	{"1.4",
		"Ensō's Maglev is up to 6 times DPDK on E810.",
		BLOG},
	{"1.8",
		"A packetized interface misses L2 in up to 55 % of its accesses (E810 with DPDK: "
		"74.7 of 135.7 accesses, 1.20).",
		BLOG "; " PLOTS},
	{"1.9",
		"A packetized interface uses as little as 61 % of PCIe's bytes for data at 64 B "
		"(104.8 B read per packet, 1.16).",
		BLOG "; " PLOTS},
	{"1.12",
		"Ensō carries line rate over more than 1000 pipes with 4 cores; with 1 core and "
		"round-robin destinations it falls above 32 pipes.",
		EVAL ", claim 4"},
	{"1.18",
		"The E810 of these figures sits in a PCIe Gen3 host: about 85 Gbps each way.",
		PLOTS ", line 1696"},
	{"1.27",
		"The published Ensō rates are RFC 2544 rates without loss, found in steps of 0.1 "
		"Gbps.",
		EVAL "; experiment.py"},
	{"1.33",
		"Ensō's echo spends at most 20.8 cycles per packet: 3.1 GHz / 148.8 Mpps.",
		"arithmetic on 1.1 and 1.26"},
	{"1.34",
		"Ensō's Maglev spends at most 83.3 cycles per packet: 37.2 Mpps on each of 4 "
		"cores, capped by the line.",
		"arithmetic on 1.14 and 1.26"},
	{"3.18",
		"For net_null, net_ring and net_tap no rate is published: they are measured, "
		"never quoted.",
		"DPDK documentation"},
	{"1.38",
		"FlexMock's poster: \"in performance mode, both applications performed better "
		"than in DPDK and Norman\"; its text has no numbers.",
		"FlexMock poster"},
};
const size_t n_published_claims = RTE_DIM(published_claims);
/* clang-format on */

bool
published_is_of(const struct published *figure, const char *app)
{
	if (strcmp(figure->app, "maglev") == 0)
		return strncmp(app, "maglev", 6) == 0;
	return strcmp(figure->app, app) == 0;
}
