#include "common/web.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 64 };

struct ww_server {
  ww_answer answer;
  void *ctx;
  int fd, port;
  atomic_bool over;
  pthread_t thread, talks[CONNECTIONS];
  int n_talks;
};

typedef struct talk {
  ww_server *server;
  int fd;
} talk;

/* Waits for bytes; false when there will be none, or all is over. */
static bool await(const ww_server *s, int fd) {
  struct pollfd p = {fd, POLLIN, 0};
  while (!atomic_load(&s->over)) {
    int n = poll(&p, 1, 50);
    if (n != 0) {
      return n > 0;
    }
  }
  return false;
}

/* The head of a request into `head`, its body read and forgotten. */
static bool request(const ww_server *s, int fd, char *head, size_t size) {
  size_t n = 0;
  char *end = NULL;
  while (end == NULL) {
    ssize_t got = n + 1 < size && await(s, fd) ? read(fd, head + n, size - 1 - n) : 0;
    if (got <= 0) {
      return false;
    }
    n += (size_t)got;
    head[n] = '\0';
    end = strstr(head, "\r\n\r\n");
  }
  long left = 0;
  for (const char *line = head; line < end; line = strstr(line, "\r\n") + 2) {
    left = strncasecmp(line, "content-length:", 15) == 0 ? atol(line + 15) : left;
  }
  left -= (long)(n - (size_t)(end + 4 - head));
  while (left > 0) {
    char bytes[4096];
    ssize_t got = await(s, fd) ? read(fd, bytes, sizeof bytes) : 0;
    if (got <= 0) {
      return false;
    }
    left -= got;
  }
  return true;
}

static void say(int fd, int code, bool body, const char *text) {
  char answer[1024];
  int n = snprintf(answer, sizeof answer,
                   "HTTP/1.1 %d it\r\nContent-Length: %zu\r\nETag: \"1\"\r\n"
                   "Last-Modified: Tue, 01 Jan 2030 00:00:00 GMT\r\n\r\n%s",
                   code, strlen(text), body ? text : "");
  ssize_t sent = send(fd, answer, (size_t)n, MSG_NOSIGNAL);
  (void)sent; /* whoever asked went away */
}

static void *converse(void *arg) {
  talk *t = arg;
  const ww_server *s = t->server;
  char head[8192];
  while (request(s, t->fd, head, sizeof head)) {
    char method[16] = "", target[1024] = "";
    if (sscanf(head, "%15s %1023s", method, target) != 2) {
      break;
    }
    int code = s->answer(s->ctx, method, target);
    while (code < 0 && !atomic_load(&s->over)) {
      usleep(20000);
    }
    bool list = strstr(target, "list-type=") != NULL;
    bool there = list || strcmp(method, "PUT") == 0 || strcmp(method, "DELETE") == 0;
    say(t->fd,
        code > 0 ? code
        : there  ? 200
                 : 404,
        strcmp(method, "HEAD") != 0,
        code == 200 && !list ? "hello"
        : list ? "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
               : "");
  }
  close(t->fd);
  free(t);
  return NULL;
}

static void *serve(void *arg) {
  ww_server *s = arg;
  while (s->n_talks < CONNECTIONS && await(s, s->fd)) {
    talk *t = malloc(sizeof *t);
    int fd = accept(s->fd, NULL, NULL);
    if (t == NULL || fd < 0) {
      free(t);
      break;
    }
    *t = (talk){s, fd};
    if (pthread_create(&s->talks[s->n_talks], NULL, converse, t) != 0) {
      close(fd);
      free(t);
      break;
    }
    s->n_talks++;
  }
  return NULL;
}

ww_server *ww_start(ww_answer answer, void *ctx) {
  struct sockaddr_in at = {.sin_family = AF_INET};
  socklen_t size = sizeof at;
  ww_server *s = calloc(1, sizeof *s);
  if (s == NULL) {
    return NULL;
  }
  s->answer = answer;
  s->ctx = ctx;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&at, sizeof at) != 0 ||
      listen(s->fd, CONNECTIONS) != 0 ||
      getsockname(s->fd, (struct sockaddr *)&at, &size) != 0 ||
      pthread_create(&s->thread, NULL, serve, s) != 0) {
    close(s->fd);
    free(s);
    return NULL;
  }
  s->port = ntohs(at.sin_port);
  return s;
}

int ww_port(const ww_server *server) {
  return server->port;
}

void ww_stop(ww_server **server) {
  ww_server *s = *server;
  *server = NULL;
  if (s == NULL) {
    return;
  }
  atomic_store(&s->over, true);
  pthread_join(s->thread, NULL);
  for (int i = 0; i < s->n_talks; i++) {
    pthread_join(s->talks[i], NULL);
  }
  close(s->fd);
  free(s);
}
