/* A web server on this machine that answers as a test says: an object store that is slow, fails
 * once, or is dead. It knows enough of S3 to be an empty bucket. */
#ifndef TESTS_COMMON_WEB_H
#define TESTS_COMMON_WEB_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct ww_server ww_server;
/* What becomes of a request, by method ("GET", "PUT", ..) and target: the number of its answer;
 * 0: what an empty bucket says; -1: none ever comes. Called from many threads. */
typedef int (*ww_answer)(void *ctx, const char *method, const char *target);
/* Answers until it is stopped; NULL if it cannot. */
ww_server *ww_start(ww_answer answer, void *ctx);
int ww_port(const ww_server *server);
/* Closes all connections, also those that wait for an answer. */
void ww_stop(ww_server **server);

#endif
