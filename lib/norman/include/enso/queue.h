/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef ENSO_QUEUE_H
#define ENSO_QUEUE_H

/**
 * @file
 * A queue from one thread to another one, which may be of another process: slots of 64 bytes in a
 * file that both map. Needs no AVX-512.
 */

#if __cplusplus < 201703L
#error "enso/queue.h needs C++17"
#endif

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include <memory>
#include <new>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <enso/consts.h>

namespace enso
{

namespace internal
{

/** The file behind a queue; whoever made it removes its name. */
class QueueFile
{
      public:
	QueueFile(const QueueFile &) = delete;
	QueueFile &operator=(const QueueFile &) = delete;

	QueueFile(QueueFile &&other) noexcept
	    : base_(std::exchange(other.base_, nullptr)), size_(other.size_),
	      path_(std::move(other.path_)), made_(other.made_)
	{
	}

	~QueueFile()
	{
		if (base_ == nullptr)
			return;
		munmap(base_, size_);
		if (made_)
			unlink(path_.c_str());
	}

	/** @return null if it cannot be had, or exists and is not to be joined */
	static std::optional<QueueFile> Open(const std::string &name, size_t size,
		bool join_if_exists, const std::string &prefix)
	{
		constexpr mode_t kMode = S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP;
		std::string path = prefix.empty() ? std::string(kHugePageDefaultPrefix) : prefix;

		if (size == 0)
			size = kBufPageSize;
		path.append(kHugePageQueuePathPrefix);
		path.append(name).append("_").append(std::to_string(size));

		bool made = true;
		int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kMode);

		if (fd < 0 && errno == EEXIST && join_if_exists) {
			made = false;
			fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
		}
		if (fd < 0) {
			std::fprintf(stderr, "enso: cannot open queue %s: %s\n", path.c_str(),
				std::strerror(errno));
			return std::nullopt;
		}

		void *base = MAP_FAILED;

		if (made ? ftruncate(fd, static_cast<off_t>(size)) == 0 : HasSize(fd, size))
			base = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
		if (base == MAP_FAILED) {
			std::fprintf(stderr, "enso: cannot map queue %s of %zu bytes\n",
				path.c_str(), size);
			if (made)
				unlink(path.c_str());
			return std::nullopt;
		}
		return QueueFile(static_cast<uint8_t *>(base), size, std::move(path), made);
	}

	uint8_t *base() const
	{
		return base_;
	}

	size_t size() const
	{
		return size_;
	}

      private:
	QueueFile(uint8_t *base, size_t size, std::string path, bool made)
	    : base_(base), size_(size), path_(std::move(path)), made_(made)
	{
	}

	/** Whether the file has this size, which its maker may be about to give it. */
	static bool HasSize(int fd, size_t size)
	{
		struct stat status;

		for (int tries = 0; tries < 100000; tries++) {
			if (fstat(fd, &status) != 0)
				return false;
			if (status.st_size != 0)
				return static_cast<size_t>(status.st_size) == size;
			sched_yield();
		}
		return false;
	}

	uint8_t *base_;
	size_t size_;
	std::string path_;
	bool made_;
};

} // namespace internal

/** What the two ends of a queue have in common. */
template <typename T> class Queue
{
      public:
	static_assert(std::is_trivially_copyable<T>::value, "elements are copied as bytes");
	static_assert(sizeof(T) <= 56 && alignof(T) <= 8, "an element lies in a slot of 64 bytes");

	Queue(const Queue &) = delete;
	Queue &operator=(const Queue &) = delete;

	/** First byte of the slots. */
	uint8_t *buf_addr() const
	{
		return file_.base();
	}

	/** Bytes of the slots. */
	uint32_t size() const
	{
		return static_cast<uint32_t>(file_.size());
	}

	/** Elements that the queue can hold. */
	uint32_t capacity() const
	{
		return size() / static_cast<uint32_t>(sizeof(Slot));
	}

      protected:
	/** Signal 0: empty, 1: full. */
	struct alignas(64) Slot {
		uint64_t signal;
		uint8_t data[56];
	};

	explicit Queue(internal::QueueFile file)
	    : file_(std::move(file)), slots_(reinterpret_cast<Slot *>(file_.base()))
	{
	}

	/** The slot at hand. */
	Slot &slot() const
	{
		return slots_[index_];
	}

	static bool IsFull(const Slot &slot)
	{
		return __atomic_load_n(&slot.signal, __ATOMIC_ACQUIRE) != 0;
	}

	static void SetFull(Slot &slot, bool full)
	{
		__atomic_store_n(&slot.signal, full ? 1u : 0u, __ATOMIC_RELEASE);
	}

	void Advance()
	{
		index_ = index_ + 1 == capacity() ? 0 : index_ + 1;
	}

	/** Begin at the first slot that is @p full and whose predecessor is not, else at slot 0. */
	void Find(bool full)
	{
		const uint32_t nb = capacity();

		for (uint32_t i = 0; i < nb; i++) {
			if (IsFull(slots_[i]) == full &&
				IsFull(slots_[i == 0 ? nb - 1 : i - 1]) != full) {
				index_ = i;
				return;
			}
		}
		index_ = 0;
	}

      private:
	internal::QueueFile file_;
	Slot *slots_;
	uint32_t index_ = 0;
};

/** The end of a queue where elements are put in. */
template <typename T> class QueueProducer : public Queue<T>
{
      public:
	/**
	 * Make a queue or, if it exists, join it.
	 *
	 * @param size bytes, a multiple of 64 (of 2 MiB in hugetlbfs); 0: 2 MiB
	 * @param huge_page_prefix of its path; empty: kHugePageDefaultPrefix
	 * @return null if it cannot be had
	 */
	static std::unique_ptr<QueueProducer> Create(const std::string &queue_name, size_t size = 0,
		bool join_if_exists = true, const std::string &huge_page_prefix = "") noexcept
	{
		std::optional<internal::QueueFile> file = internal::QueueFile::Open(
			queue_name, size, join_if_exists, huge_page_prefix);

		if (!file)
			return nullptr;
		return std::unique_ptr<QueueProducer>(
			new (std::nothrow) QueueProducer(std::move(*file)));
	}

	/** @return 0; -1 if the queue is full */
	int Push(const T &data)
	{
		auto &slot = this->slot();

		if (this->IsFull(slot))
			return -1;
		std::memcpy(slot.data, &data, sizeof(data));
		this->SetFull(slot, true);
		this->Advance();
		return 0;
	}

      private:
	explicit QueueProducer(internal::QueueFile file) : Queue<T>(std::move(file))
	{
		this->Find(false);
	}
};

/** The end of a queue where elements are taken out. */
template <typename T> class QueueConsumer : public Queue<T>
{
      public:
	/** As QueueProducer::Create(). */
	static std::unique_ptr<QueueConsumer> Create(const std::string &queue_name, size_t size = 0,
		bool join_if_exists = true, const std::string &huge_page_prefix = "") noexcept
	{
		std::optional<internal::QueueFile> file = internal::QueueFile::Open(
			queue_name, size, join_if_exists, huge_page_prefix);

		if (!file)
			return nullptr;
		return std::unique_ptr<QueueConsumer>(
			new (std::nothrow) QueueConsumer(std::move(*file)));
	}

	/** The oldest element, until it is popped; null if there is none. */
	T *Front()
	{
		auto &slot = this->slot();

		return this->IsFull(slot) ? reinterpret_cast<T *>(slot.data) : nullptr;
	}

	/** Take the oldest element. */
	std::optional<T> Pop()
	{
		auto &slot = this->slot();

		if (!this->IsFull(slot))
			return std::nullopt;

		std::optional<T> data(*reinterpret_cast<const T *>(slot.data));

		this->SetFull(slot, false);
		this->Advance();
		return data;
	}

      private:
	explicit QueueConsumer(internal::QueueFile file) : Queue<T>(std::move(file))
	{
		this->Find(true);
	}
};

} // namespace enso

#endif /* ENSO_QUEUE_H */
