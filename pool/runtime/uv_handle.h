#pragma once

#include <memory>
#include <utility>

#include <uv.h>

#include "pool/runtime/loop_shared.h"

namespace pool {

/// What the `data` of every libuv handle of ours points at.
struct HandleNote {
    void* owner = nullptr;                       ///< whom the callbacks are for; null: nobody
    void (*after_close)(void* owner) = nullptr;  ///< see Handle::close
    uv_close_cb on_closed = nullptr;
    bool orphan = false;  ///< the owner let go first: the close callback frees
    bool closed = false;  ///< libuv let go first (the loop died): the owner frees
};

/// The object a handle works for, inside a libuv callback.
template <typename Owner, typename Uv>
Owner* owner_of(const Uv* handle)
{
    return static_cast<Owner*>(static_cast<const HandleNote*>(handle->data)->owner);
}

/// A libuv handle and its memory. libuv uses that memory until its close callback, so it is freed
/// there, or by the owner if the loop was destroyed before: the one place where this is solved.
template <typename Uv>
class Handle {
public:
    Handle() = default;
    ~Handle() { reset(); }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;

    /// `init` calls the uv_…_init of the type on the Uv* it is given and returns its status, which
    /// is returned; below zero the handle stays empty.
    template <typename Init>
    int open(void* owner, Init init)
    {
        reset();
        auto cell = std::make_unique<Cell>();
        const int status = init(&cell->uv);
        if (status < 0) return status;
        cell->note.owner = owner;
        cell->note.on_closed = &Handle::on_closed;
        cell->uv.data = &cell->note;
        cell_ = cell.release();
        return status;
    }

    explicit operator bool() const { return cell_ != nullptr; }
    Uv* get() const { return &cell_->uv; }
    /// True for an empty one too.
    bool closing() const { return cell_ == nullptr || uv_is_closing(plain()) != 0; }
    bool active() const { return cell_ != nullptr && uv_is_active(plain()) != 0; }

    /// Closes while the owner stays: `after` is called with it from the loop, unless it lets go
    /// first.
    void close(void (*after)(void* owner))
    {
        if (closing()) return;
        cell_->note.after_close = after;
        uv_close(plain(), &Handle::on_closed);
    }

    /// Lets go: no callback any more.
    void reset()
    {
        if (cell_ == nullptr) return;
        const bool was_closing = closing();
        uv_handle_t* const handle = plain();
        Cell* const cell = std::exchange(cell_, nullptr);
        if (cell->note.closed) {
            delete cell;
            return;
        }
        cell->note.owner = nullptr;
        cell->note.orphan = true;
        if (!was_closing) uv_close(handle, &Handle::on_closed);
    }

private:
    struct Cell {
        Uv uv{};
        HandleNote note;
    };

    uv_handle_t* plain() const { return reinterpret_cast<uv_handle_t*>(&cell_->uv); }

    static void on_closed(uv_handle_t* handle) noexcept
    {
        auto* const note = static_cast<HandleNote*>(handle->data);
        note->closed = true;
        if (note->orphan) {
            // The handle is the first member of its standard-layout cell.
            delete reinterpret_cast<Cell*>(handle);
        } else if (note->after_close != nullptr && note->owner != nullptr &&
                   !LoopShared::of(handle->loop).ending) {
            note->after_close(note->owner);
        }
    }

    Cell* cell_ = nullptr;
};

}  // namespace pool
