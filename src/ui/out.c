/* A descriptor that is written to whole. Invariant: after the first error nothing is written
 * any more, so that a text with a hole in it never looks complete. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "fsops/ui.h"

void out_init(struct out *out, int fd)
{
	*out = (struct out){.fd = fd};
}

/* The descriptor may be non-blocking because whoever shares it made it so. */
static bool wait_writable(int fd)
{
	struct pollfd poller = {.fd = fd, .events = POLLOUT};

	return poll(&poller, 1, -1) >= 0 || errno == EINTR;
}

static void fail(struct out *out, int error)
{
	out->gone = true;
	if (error != EPIPE)
		out->error = error;
}

void out_write(struct out *out, const char *data, size_t len)
{
	while (len && !out->gone) {
		ssize_t wrote = write(out->fd, data, len);

		if (wrote >= 0) {
			data += wrote;
			len -= (size_t)wrote;
			continue;
		}
		if (errno == EINTR)
			continue;
		if ((errno == EAGAIN || errno == EWOULDBLOCK) && wait_writable(out->fd))
			continue;
		fail(out, errno);
	}
}
