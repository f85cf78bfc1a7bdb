#pragma once

#include <string>
#include <string_view>

/// Listening sockets that outlive the program: it stops, and the one that it becomes (exec) goes on
/// with them. Whoever connects in between waits in the kernel's queue and is refused nothing.
///
/// A socket is known by the address that it was asked for ("0.0.0.0:3333"); of several with one
/// address the one opened first is taken first. Any thread.
namespace pool::handover {

/// By TcpListener: `fd` listens on what was asked for as `address`, until forget().
void note(std::string address, int fd);
void forget(int fd);

/// A socket of the program before us that listens on `address`, ours to close from now on; -1 for
/// none.
int take(std::string_view address);
/// Has the program before us left one of that address?
bool has(std::string_view address);

/// Of those noted: the text for the next program's environment, with descriptors that stay open
/// over exec. "" when there are none.
std::string pack();
/// What pack() made, in the program that follows. What is no such text, and descriptors that do not
/// listen, are left alone.
void unpack(std::string_view text);
/// Closes what nobody has taken: the configuration has changed.
void close_rest();

}  // namespace pool::handover
