/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef ENSO_PIPE_H
#define ENSO_PIPE_H

/**
 * @file
 * Devices and pipes: the API of the card, over the C functions of flexmock/norman.h.
 *
 * A pipe is 2 MiB of contiguous bytes in which packets lie one behind the other, each at a multiple
 * of 64 bytes. Sizes are in bytes. Nothing here sleeps or throws.
 */

#if __cplusplus < 201703L
#error "enso/pipe.h needs C++17"
#endif

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <array>
#include <functional>
#include <memory>
#include <new>
#include <string>

#include <flexmock/norman.h>
#include <enso/consts.h>
#include <enso/helpers.h>
#include <enso/internals.h>

namespace enso
{

class Device;
class RxTxPipe;
class PktIterator;
class PeekPktIterator;

/**
 * A pipe packets are received from. Made by Device::AllocateRxPipe(), which owns it.
 *
 * Bytes are available until they are confirmed, then owned by the application until it frees them,
 * in order. They stay where they are and unchanged until then.
 */
class RxPipe
{
      public:
	/**
	 * Messages received together. Take them by a range-based for loop over the batch; the
	 * iterator @p T says where a message ends. A message counts as processed when the loop
	 * goes on to the next one.
	 *
	 * A batch may be copied; the copies count for themselves.
	 */
	template <typename T> class MessageBatch
	{
	      public:
		/** No messages. */
		MessageBatch() = default;

		MessageBatch(uint8_t *first, uint32_t bytes, int32_t limit, RxPipe *pipe)
		    : kAvailableBytes(bytes), kMessageLimit(limit), kBuf(first), buf_(first),
		      available_bytes_(bytes), message_limit_(limit), pipe_(pipe)
		{
		}

		T begin()
		{
			return T(buf_, message_limit_, this);
		}

		T end()
		{
			return T(buf_ + available_bytes_, 0, this);
		}

		/** Bytes that were available, whatever the limit of messages. */
		uint32_t available_bytes() const
		{
			return available_bytes_;
		}

		/** Most messages to take; negative: any number. */
		int32_t message_limit() const
		{
			return message_limit_;
		}

		/** First byte. */
		uint8_t *buf() const
		{
			return buf_;
		}

		/** Bytes of the messages taken so far: what to send on. */
		uint32_t processed_bytes() const
		{
			return processed_bytes_;
		}

		/** Count bytes as processed: for iterators. */
		void NotifyProcessedBytes(uint32_t nb_bytes)
		{
			processed_bytes_ += nb_bytes;
		}

		/* The accessors of 0.2 and before. */
		uint32_t kAvailableBytes = 0;
		int32_t kMessageLimit = 0;
		uint8_t *kBuf = nullptr;

	      private:
		friend T;

		uint8_t *buf_ = nullptr;
		uint32_t available_bytes_ = 0;
		int32_t message_limit_ = 0;
		uint32_t processed_bytes_ = 0;
		RxPipe *pipe_ = nullptr;
	};

	/** Bytes: packets begin at multiples of it. */
	static constexpr uint32_t kQuantumSize = NORMAN_FLIT;
	/** Most bytes that may be available or owned. */
	static constexpr uint32_t kMaxCapacity = NORMAN_PIPE_CAPACITY;

	RxPipe(const RxPipe &) = delete;
	RxPipe &operator=(const RxPipe &) = delete;
	RxPipe(RxPipe &&) = delete;
	RxPipe &operator=(RxPipe &&) = delete;

	/**
	 * Have packets to a destination delivered to this pipe, all values in host byte order. May
	 * be called again for further destinations. Prints one line to the standard output.
	 *
	 * The card compares ports and addresses, not @p protocol: UDP and TCP SYN with source 0,
	 * other TCP whole, all else by dst_ip with the rest 0.
	 *
	 * @return 0; -1 if the flow table has no place for it (the card's library returns 0)
	 */
	int Bind(uint16_t dst_port, uint16_t src_port, uint32_t dst_ip, uint32_t src_ip,
		uint32_t protocol)
	{
		std::printf("Inserting flow entry: dst_port=%u, src_port=%u, dst_ip=%u, src_ip=%u, "
			    "protocol=%u, enso_pipe_id=%u)\n",
			static_cast<unsigned int>(dst_port), static_cast<unsigned int>(src_port),
			dst_ip, src_ip, protocol, static_cast<unsigned int>(pipe_->rx_id));
		return norman_pipe_bind(pipe_, dst_port, src_port, dst_ip, src_ip, protocol) == 0
			? 0
			: -1;
	}

	/**
	 * Receive: the bytes are the application's until it frees them. Never blocks.
	 *
	 * @param[out] buf first byte, always set
	 * @param max_nb_bytes most bytes wanted, a multiple of 64; may cut packets
	 * @return bytes
	 */
	uint32_t Recv(uint8_t **buf, uint32_t max_nb_bytes)
	{
		return norman_pipe_recv(pipe_, buf, max_nb_bytes);
	}

	/** As Recv(), but the bytes stay available until ConfirmBytes(). */
	uint32_t Peek(uint8_t **buf, uint32_t max_nb_bytes)
	{
		return norman_pipe_peek(pipe_, buf, max_nb_bytes);
	}

	/**
	 * Take @p nb_bytes that were peeked, rounded down to a multiple of 64.
	 *
	 * Differs from the card: more than is available is refused.
	 */
	void ConfirmBytes(uint32_t nb_bytes)
	{
		norman_pipe_confirm(pipe_, nb_bytes);
	}

	/** Bytes owned: received and not freed. */
	uint32_t capacity() const
	{
		return norman_pipe_owned(pipe_);
	}

	/** All available bytes as messages; @p T is derived from MessageIteratorBase. */
	template <typename T> MessageBatch<T> RecvMessages(int32_t max_nb_messages = -1)
	{
		uint8_t *first = nullptr;
		const uint32_t nb_bytes =
			norman_pipe_peek_some(pipe_, &first, NORMAN_PIPE_BYTES, max_nb_messages);

		return MessageBatch<T>(first, nb_bytes, max_nb_messages, this);
	}

	/** All available bytes as packets; each is confirmed when the loop leaves it. */
	MessageBatch<PktIterator> RecvPkts(int32_t max_nb_pkts = -1)
	{
		return RecvMessages<PktIterator>(max_nb_pkts);
	}

	/** As RecvPkts(), but nothing is confirmed. */
	MessageBatch<PeekPktIterator> PeekPkts(int32_t max_nb_pkts = -1)
	{
		return RecvMessages<PeekPktIterator>(max_nb_pkts);
	}

	/** Ask the card to report what came meanwhile. */
	void Prefetch()
	{
		norman_pipe_prefetch(pipe_);
	}

	/** Give the oldest @p nb_bytes owned bytes back, rounded up to a multiple of 64. */
	void Free(uint32_t nb_bytes)
	{
		norman_pipe_free(pipe_, nb_bytes);
	}

	/** Give all owned bytes back. What is not confirmed stays available. */
	void Clear()
	{
		norman_pipe_clear(pipe_);
	}

	/** First byte of the pipe; it is mapped twice in a row. */
	uint8_t *buf() const
	{
		return pipe_->buf;
	}

	/** Number on the card. */
	enso_pipe_id_t id() const
	{
		return pipe_->rx_id;
	}

	/** The application's pointer; null until it is set. */
	void *context() const
	{
		return pipe_->context;
	}

	void set_context(void *new_context)
	{
		pipe_->context = new_context;
	}

	/** @{ Names and forms of the first versions. */
	int Bind()
	{
		return 0;
	}

	int CleanBind()
	{
		return 0;
	}

	uint32_t RecvBytes(uint8_t **buf, uint32_t max_nb_bytes)
	{
		return Recv(buf, max_nb_bytes);
	}

	uint32_t PeekRecvBytes(uint8_t **buf, uint32_t max_nb_bytes)
	{
		return Peek(buf, max_nb_bytes);
	}

	uint32_t PeekRecv(uint8_t **buf, uint32_t max_nb_bytes)
	{
		return Peek(buf, max_nb_bytes);
	}

	MessageBatch<PeekPktIterator> PeekRecvPkts(int32_t max_nb_pkts = -1)
	{
		return PeekPkts(max_nb_pkts);
	}

	void FreeBytes(uint32_t nb_bytes)
	{
		Free(nb_bytes);
	}

	void FreeAllBytes()
	{
		Clear();
	}
	/** @} */

      private:
	friend class Device;
	friend class RxTxPipe;

	explicit RxPipe(norman_pipe *pipe, RxTxPipe *both = nullptr) : pipe_(pipe), both_(both)
	{
	}

	~RxPipe()
	{
		if (both_ == nullptr)
			norman_pipe_close(pipe_);
	}

	norman_pipe *pipe_;
	RxTxPipe *both_;	 /**< Whose receive side this is; null: nobody's. */
	RxPipe *next_ = nullptr; /**< Of the device. */
};

namespace internal
{

/** @return @p nb_bytes, or the next multiple of 64: packets end in whole flits */
inline uint32_t
whole_flits(uint32_t nb_bytes)
{
	if (nb_bytes % NORMAN_FLIT == 0)
		return nb_bytes;

	static bool told = false;

	if (!told)
		std::fprintf(stderr, "enso: sending %u bytes, no multiple of 64: rounded up\n",
			nb_bytes);
	told = true;
	return nb_bytes + NORMAN_FLIT - nb_bytes % NORMAN_FLIT;
}

} // namespace internal

/** A pipe packets are sent from. Made by Device::AllocateTxPipe(), which owns it. */
class TxPipe
{
      public:
	/** Bytes: packets begin at multiples of it. */
	static constexpr uint32_t kQuantumSize = NORMAN_FLIT;
	/** Most bytes that AllocateBuf() may be asked for. */
	static constexpr uint32_t kMaxCapacity = NORMAN_PIPE_CAPACITY;

	TxPipe(const TxPipe &) = delete;
	TxPipe &operator=(const TxPipe &) = delete;
	TxPipe(TxPipe &&) = delete;
	TxPipe &operator=(TxPipe &&) = delete;

	/**
	 * Buffer for what is sent next, capacity() bytes; the same until the next send. Spins until
	 * there are @p target_capacity bytes.
	 *
	 * @return null if target_capacity is over kMaxCapacity: on the card this spins for good
	 */
	uint8_t *AllocateBuf(uint32_t target_capacity = 0)
	{
		return norman_pipe_alloc(pipe_, target_capacity);
	}

	/**
	 * Send the first @p nb_bytes of the buffer, whole packets, which must not change until they
	 * are sent. Spins while the card's ring is full.
	 *
	 * Differs from the card: 0 does nothing, and what is not a multiple of 64 is rounded up.
	 */
	void SendAndFree(uint32_t nb_bytes)
	{
		norman_pipe_send(pipe_, internal::whole_flits(nb_bytes));
	}

	/** Look for completed sends once. @return capacity() */
	uint32_t TryExtendBuf()
	{
		return norman_pipe_try_extend(pipe_);
	}

	/** Spin until capacity() is at least @p target_capacity. @return capacity() */
	uint32_t ExtendBufToTarget(uint32_t target_capacity)
	{
		return norman_pipe_extend(pipe_, target_capacity);
	}

	/** Bytes that may be written to the buffer now. */
	uint32_t capacity() const
	{
		return norman_pipe_capacity(pipe_);
	}

	/** Bytes sent and not completed. */
	uint32_t pending_transmission() const
	{
		return (NORMAN_PIPE_BYTES - 1 - norman_pipe_capacity(pipe_)) & ~(NORMAN_FLIT - 1);
	}

	/** First byte of the pipe, not of the buffer; it is mapped twice in a row. */
	uint8_t *buf() const
	{
		return pipe_->buf;
	}

	/** Number in the device. */
	enso_pipe_id_t id() const
	{
		return pipe_->tx_id;
	}

	/** The application's pointer; null until it is set. */
	void *context() const
	{
		return pipe_->context;
	}

	void set_context(void *new_context)
	{
		pipe_->context = new_context;
	}

	/** @{ Names and forms of the first versions. */
	uint8_t *AllocateBuf() const
	{
		return norman_pipe_alloc(pipe_, 0);
	}

	void Send(uint32_t nb_bytes)
	{
		SendAndFree(nb_bytes);
	}
	/** @} */

      private:
	friend class Device;

	explicit TxPipe(norman_pipe *pipe) : pipe_(pipe)
	{
	}

	~TxPipe()
	{
		norman_pipe_close(pipe_);
	}

	norman_pipe *pipe_;
	TxPipe *next_ = nullptr; /**< Of the device. */
};

/**
 * A pipe whose received bytes are sent from where they lie. Made by Device::AllocateRxTxPipe(),
 * which owns it.
 *
 * Bytes go back to the card when they have been sent, in order; there is no other way to free them.
 */
class RxTxPipe
{
      public:
	template <typename T> using MessageBatch = RxPipe::MessageBatch<T>;

	/** Bytes: packets begin at multiples of it. */
	static constexpr uint32_t kQuantumSize = NORMAN_FLIT;
	/** Most bytes that may be available or owned. */
	static constexpr uint32_t kMaxCapacity = NORMAN_PIPE_CAPACITY;

	RxTxPipe(const RxTxPipe &) = delete;
	RxTxPipe &operator=(const RxTxPipe &) = delete;
	RxTxPipe(RxTxPipe &&) = delete;
	RxTxPipe &operator=(RxTxPipe &&) = delete;

	/** As RxPipe::Bind(). */
	int Bind(uint16_t dst_port, uint16_t src_port, uint32_t dst_ip, uint32_t src_ip,
		uint32_t protocol)
	{
		return rx_.Bind(dst_port, src_port, dst_ip, src_ip, protocol);
	}

	/** As RxPipe::Recv(), after the bytes of completed sends are freed; so are those below. */
	uint32_t Recv(uint8_t **buf, uint32_t max_nb_bytes)
	{
		return rx_.Recv(buf, max_nb_bytes);
	}

	/** As RxPipe::Peek(). */
	uint32_t Peek(uint8_t **buf, uint32_t max_nb_bytes)
	{
		return rx_.Peek(buf, max_nb_bytes);
	}

	/** As RxPipe::ConfirmBytes(). Confirmed bytes must be sent in the end. */
	void ConfirmBytes(uint32_t nb_bytes)
	{
		rx_.ConfirmBytes(nb_bytes);
	}

	/** As RxPipe::RecvMessages(). */
	template <typename T> MessageBatch<T> RecvMessages(int32_t max_nb_messages = -1)
	{
		return rx_.RecvMessages<T>(max_nb_messages);
	}

	/** As RxPipe::RecvPkts(). */
	MessageBatch<PktIterator> RecvPkts(int32_t max_nb_pkts = -1)
	{
		return rx_.RecvPkts(max_nb_pkts);
	}

	/** As RxPipe::PeekPkts(). */
	MessageBatch<PeekPktIterator> PeekPkts(int32_t max_nb_pkts = -1)
	{
		return rx_.PeekPkts(max_nb_pkts);
	}

	/** As RxPipe::Prefetch(). */
	void Prefetch()
	{
		rx_.Prefetch();
	}

	/**
	 * Send the oldest @p nb_bytes that were confirmed and not sent, whole packets. They are
	 * freed when they are sent and must not change until then. Spins while the card's ring is
	 * full.
	 *
	 * Differs from the card: 0 does nothing, and what is not a multiple of 64 is rounded up.
	 */
	void SendAndFree(uint32_t nb_bytes)
	{
		norman_pipe_send(rx_.pipe_, internal::whole_flits(nb_bytes));
	}

	/** Free the bytes of completed sends. Differs from the card: looks for completions. */
	void ProcessCompletions()
	{
		norman_device_process_completions(rx_.pipe_->dev);
	}

	/** First byte of the pipe; it is mapped twice in a row. */
	uint8_t *buf() const
	{
		return rx_.buf();
	}

	/** Number of the receive side on the card. */
	enso_pipe_id_t rx_id() const
	{
		return rx_.pipe_->rx_id;
	}

	/** Number of the transmit side in the device. */
	enso_pipe_id_t tx_id() const
	{
		return rx_.pipe_->tx_id;
	}

	/** The application's pointer; null until it is set. */
	void *context() const
	{
		return rx_.context();
	}

	void set_context(void *new_context)
	{
		rx_.set_context(new_context);
	}

	/** @{ Names and forms of the first versions. */
	int Bind()
	{
		return 0;
	}

	int CleanBind()
	{
		return 0;
	}

	uint32_t PeekRecv(uint8_t **buf, uint32_t max_nb_bytes)
	{
		return Peek(buf, max_nb_bytes);
	}

	MessageBatch<PeekPktIterator> PeekRecvPkts(int32_t max_nb_pkts = -1)
	{
		return PeekPkts(max_nb_pkts);
	}

	void Send(uint32_t nb_bytes)
	{
		SendAndFree(nb_bytes);
	}
	/** @} */

      private:
	friend class Device;

	explicit RxTxPipe(norman_pipe *pipe) : rx_(pipe, this)
	{
	}

	~RxTxPipe()
	{
		norman_pipe_close(rx_.pipe_);
	}

	RxPipe rx_;
	RxTxPipe *next_ = nullptr; /**< Of the device. */
};

/**
 * What an iterator over a batch is derived from. @p T has two functions: GetNextMessage(message),
 * which returns the address behind a message, and OnAdvanceMessage(nb_bytes), called when the
 * application is done with a message of this size.
 *
 * A message that lies in the batch only in part is not taken. GetNextMessage() is also called at
 * the end of the batch, where up to 64 bytes may be read.
 */
template <typename T> class MessageIteratorBase
{
      public:
	/** The message. */
	uint8_t *operator*() const
	{
		return addr_;
	}

	/** Whether there is a message here. @param other end() of the batch */
	bool operator!=(const MessageIteratorBase &other) const
	{
		return missing_messages_ != 0 && next_addr_ <= other.addr_;
	}

	/** On to the next message. */
	T &operator++()
	{
		T *child = static_cast<T *>(this);
		const uint32_t nb_bytes = static_cast<uint32_t>(next_addr_ - addr_);

		child->OnAdvanceMessage(nb_bytes);
		addr_ = next_addr_;
		next_addr_ = child->GetNextMessage(addr_);
		missing_messages_--;
		batch_->NotifyProcessedBytes(nb_bytes);
		return *child;
	}

      protected:
	MessageIteratorBase() = default;

	/** @param message_limit most messages, negative: any number */
	MessageIteratorBase(uint8_t *addr, int32_t message_limit, RxPipe::MessageBatch<T> *batch)
	    : addr_(addr), missing_messages_(message_limit), batch_(batch)
	{
		/* A batch without a pipe is empty. */
		if (addr != nullptr)
			next_addr_ = static_cast<T *>(this)->GetNextMessage(addr);
	}

	uint8_t *addr_ = nullptr;
	int32_t missing_messages_ = 0;
	RxPipe::MessageBatch<T> *batch_ = nullptr;
	uint8_t *next_addr_ = nullptr;
};

/** Takes packets: each is confirmed when the application goes on to the next one. */
class PktIterator : public MessageIteratorBase<PktIterator>
{
      public:
	PktIterator() = default;

	PktIterator(uint8_t *addr, int32_t message_limit, RxPipe::MessageBatch<PktIterator> *batch)
	    : MessageIteratorBase(addr, message_limit, batch)
	{
	}

	uint8_t *GetNextMessage(uint8_t *message)
	{
		return get_next_pkt(message);
	}

	void OnAdvanceMessage(uint32_t nb_bytes)
	{
		batch_->pipe_->ConfirmBytes(nb_bytes);
	}
};

/** Looks at packets. Confirm processed_bytes() of the batch to take those seen. */
class PeekPktIterator : public MessageIteratorBase<PeekPktIterator>
{
      public:
	PeekPktIterator(
		uint8_t *addr, int32_t message_limit, RxPipe::MessageBatch<PeekPktIterator> *batch)
	    : MessageIteratorBase(addr, message_limit, batch)
	{
	}

	uint8_t *GetNextMessage(uint8_t *message)
	{
		return get_next_pkt(message);
	}

	void OnAdvanceMessage(uint32_t)
	{
	}
};

/**
 * One thread's access to a card, and the owner of its pipes. Make one in each thread that sends or
 * receives. A device and its pipes belong to one thread at a time.
 */
class Device
{
      public:
	/**
	 * Open a card. Prints two lines to the standard error.
	 *
	 * @param pcie_addr which one: empty for the one in $FLEXMOCK_DEVICE; a PCI address
	 *   (0000:00:00.0 is none); or any other name norman_device_open() takes
	 * @return null if it cannot be had
	 */
	static std::unique_ptr<Device> Create(const std::string &pcie_addr = "",
		const std::string & /* huge_page_prefix */ = "") noexcept
	{
		return Open(pcie_addr, 0, -1);
	}

	/**
	 * Open a card as before 0.4: the device has at most @p nb_rx_pipes pipes to receive from,
	 * with the numbers core_id * nb_rx_pipes + 0, 1, 2..., as far as these are free.
	 *
	 * @param core_id CPU, -1: the one this thread runs on
	 */
	static std::unique_ptr<Device> Create(uint32_t nb_rx_pipes, int16_t core_id = -1,
		const std::string &pcie_addr = "",
		const std::string & /* huge_page_prefix */ = "") noexcept
	{
		const int cpu = core_id < 0 ? sched_getcpu() : core_id;

		return Open(pcie_addr, nb_rx_pipes, cpu < 0 ? 0 : cpu);
	}

	/**
	 * Free the pipes. Packets that were sent leave; bindings stay.
	 */
	~Device()
	{
		for (RxTxPipe *next, *pipe = rxtx_pipes_; pipe != nullptr; pipe = next) {
			next = pipe->next_;
			delete pipe;
		}
		for (RxPipe *next, *pipe = rx_pipes_; pipe != nullptr; pipe = next) {
			next = pipe->next_;
			delete pipe;
		}
		for (TxPipe *next, *pipe = tx_pipes_; pipe != nullptr; pipe = next) {
			next = pipe->next_;
			delete pipe;
		}
		std::free(by_id_);
		norman_device_close(dev_);
	}

	Device(const Device &) = delete;
	Device &operator=(const Device &) = delete;
	Device(Device &&) = delete;
	Device &operator=(Device &&) = delete;

	/**
	 * @param fallback whether packets that match no binding may come to it
	 * @return null if there is no pipe left or, of fallback pipes, if another application has
	 *   some
	 */
	RxPipe *AllocateRxPipe(bool fallback = false) noexcept
	{
		norman_pipe *c_pipe = OpenRx(fallback, norman_rx_pipe_open, norman_rx_pipe_open_id);

		if (c_pipe == nullptr)
			return nullptr;

		RxPipe *pipe = new (std::nothrow) RxPipe(c_pipe);

		if (pipe == nullptr) {
			norman_pipe_close(c_pipe);
			return nullptr;
		}
		by_id_[c_pipe->rx_id] = pipe;
		Append(&rx_pipes_, pipe);
		return pipe;
	}

	/**
	 * @param buf null, or the caller's 2 MiB, aligned to it; mapped twice in a row if it is
	 *   written across its end
	 * @return null if there is none
	 */
	TxPipe *AllocateTxPipe(uint8_t *buf = nullptr) noexcept
	{
		norman_pipe *c_pipe = norman_tx_pipe_open(dev_, buf);

		if (c_pipe == nullptr)
			return nullptr;

		TxPipe *pipe = new (std::nothrow) TxPipe(c_pipe);

		if (pipe == nullptr) {
			norman_pipe_close(c_pipe);
			return nullptr;
		}
		Append(&tx_pipes_, pipe);
		return pipe;
	}

	/** As AllocateRxPipe(). */
	RxTxPipe *AllocateRxTxPipe(bool fallback = false) noexcept
	{
		norman_pipe *c_pipe =
			OpenRx(fallback, norman_rxtx_pipe_open, norman_rxtx_pipe_open_id);

		if (c_pipe == nullptr)
			return nullptr;

		RxTxPipe *pipe = new (std::nothrow) RxTxPipe(c_pipe);

		if (pipe == nullptr) {
			norman_pipe_close(c_pipe);
			return nullptr;
		}
		by_id_[c_pipe->rx_id] = &pipe->rx_;
		Append(&rxtx_pipes_, pipe);
		return pipe;
	}

	/** Fallback pipes of the card, of all its devices. */
	int GetNbFallbackQueues() noexcept
	{
		return norman_device_nb_fallback(dev_);
	}

	/**
	 * The next pipe with data, in the order the card reported it, and ask the card to report
	 * what comes while the application works on it.
	 *
	 * For devices without RxTx pipes.
	 *
	 * @return null if no pipe has data
	 */
	RxPipe *NextRxPipeToRecv()
	{
		const norman_pipe *c_pipe = norman_device_next_rx(dev_);

		return c_pipe == nullptr ? nullptr : by_id_[c_pipe->rx_id];
	}

	/** As NextRxPipeToRecv(), for devices without RX pipes, after ProcessCompletions(). */
	RxTxPipe *NextRxTxPipeToRecv()
	{
		const norman_pipe *c_pipe = norman_device_next_rxtx(dev_);

		return c_pipe == nullptr ? nullptr : by_id_[c_pipe->rx_id]->both_;
	}

	/** Retire at most 64 completed sends and free what RxTx pipes have sent. */
	void ProcessCompletions()
	{
		norman_device_process_completions(dev_);
	}

	/**
	 * Put timestamps into all frames the card sends and round-trip times into all it receives:
	 * 4 bytes, most significant first, in ticks of 5 ns.
	 *
	 * @param offset byte of the frame, at most 60
	 * @return 0, or -1 if the offset is too large
	 */
	int EnableTimeStamping(uint8_t offset = kDefaultRttOffset)
	{
		return norman_device_enable_timestamping(dev_, offset) == 0 ? 0 : -1;
	}

	int DisableTimeStamping()
	{
		return norman_device_disable_timestamping(dev_) == 0 ? 0 : -1;
	}

	/**
	 * Limit what the card sends, all its devices together, to @p num flits in each @p den
	 * cycles of 200 MHz.
	 *
	 * @return 0; -1 if num or den is 0 (on the card, num 0 stops everything)
	 */
	int EnableRateLimiting(uint16_t num, uint16_t den)
	{
		return norman_device_enable_rate_limiting(dev_, num, den) == 0 ? 0 : -1;
	}

	int DisableRateLimiting()
	{
		return norman_device_disable_rate_limiting(dev_) == 0 ? 0 : -1;
	}

	/** Spread frames that match no binding over the fallback pipes in turn, not by hash. */
	int EnableRoundRobin()
	{
		return norman_device_enable_round_robin(dev_) == 0 ? 0 : -1;
	}

	int DisableRoundRobin()
	{
		return norman_device_disable_round_robin(dev_) == 0 ? 0 : -1;
	}

	/** @return 1 if round robin is on, 0 if not */
	int GetRoundRobinStatus() noexcept
	{
		return norman_device_round_robin(dev_);
	}

	/**
	 * Send the card a command and wait until it is carried out.
	 *
	 * @return 0; -1 if it is none
	 */
	int ApplyConfig(TxNotification *config_notification)
	{
		if (norman_device_apply_config(dev_, config_notification) == 0)
			return 0;
		/* The second word is the id, of which the card ignores those it does not know. */
		return config_notification->signal == 2 &&
				(config_notification->phys_addr == 0 ||
					config_notification->phys_addr > 4)
			? 0
			: -1;
	}

	/** @{ Names of the first versions. */
	RxPipe *AllocatePipe() noexcept
	{
		return AllocateRxPipe();
	}

	RxPipe *NextPipeToRecv()
	{
		return NextRxPipeToRecv();
	}
	/** @} */

      private:
	explicit Device(norman_device *dev) : dev_(dev)
	{
	}

	static std::unique_ptr<Device> Open(
		const std::string &name, uint32_t nb_rx_pipes, int core) noexcept
	{
		uint16_t bdf;

		if (internal::parse_pcie_addr(name.c_str(), &bdf) && bdf == 0) {
			std::fprintf(stderr, "enso: %s is no device's address\n", name.c_str());
			return nullptr;
		}

		norman_device *dev = norman_device_open(name.c_str());

		if (dev == nullptr)
			return nullptr;
		std::fprintf(stderr,
			"Running with NOTIFICATION_BUF_SIZE: %u\nRunning with ENSO_PIPE_SIZE: %u\n",
			NORMAN_NOTIF_ENTRIES, NORMAN_PIPE_FLITS);

		std::unique_ptr<Device> device(new (std::nothrow) Device(dev));

		if (device == nullptr) {
			norman_device_close(dev);
			return nullptr;
		}
		device->by_id_ = static_cast<RxPipe **>(
			std::calloc(NORMAN_PIPES_MAX, sizeof(*device->by_id_)));
		if (device->by_id_ == nullptr)
			return nullptr;
		device->numbered_ = core >= 0;
		device->nb_rx_max_ = nb_rx_pipes;
		device->first_id_ = static_cast<uint64_t>(core < 0 ? 0 : core) * nb_rx_pipes;
		return device;
	}

	template <typename Any, typename ById>
	norman_pipe *OpenRx(bool fallback, Any open_any, ById open_by_id)
	{
		norman_pipe *pipe = nullptr;

		if (!numbered_)
			return open_any(dev_, fallback);
		if (nb_rx_ >= nb_rx_max_)
			return nullptr;
		if (first_id_ + nb_rx_ < NORMAN_PIPES_MAX) {
			pipe = open_by_id(dev_, static_cast<uint16_t>(first_id_ + nb_rx_));
			if (pipe == nullptr && errno != EBUSY)
				return nullptr;
		}
		if (pipe == nullptr)
			pipe = open_any(dev_, fallback);
		if (pipe != nullptr)
			nb_rx_++;
		return pipe;
	}

	/** Append, so that pipes are freed in the order in which they were made. */
	template <typename Pipe> static void Append(Pipe **list, Pipe *pipe)
	{
		while (*list != nullptr)
			list = &(*list)->next_;
		*list = pipe;
	}

	norman_device *dev_;
	RxPipe **by_id_ = nullptr; /**< By rx_id; of an RxTx pipe its receive side. */
	RxPipe *rx_pipes_ = nullptr;
	TxPipe *tx_pipes_ = nullptr;
	RxTxPipe *rxtx_pipes_ = nullptr;
	bool numbered_ = false;
	uint32_t nb_rx_ = 0;
	uint32_t nb_rx_max_ = 0;
	uint64_t first_id_ = 0;
};

} // namespace enso

#endif /* ENSO_PIPE_H */
