/*
 * The one process of an anchor pod. It holds the pod's place while a guest runs in its network and control group, and
 * does nothing. It stays when the kubelet asks it to go (SIGTERM): the guest needs time to shut down, and the node
 * runtime ends it (SIGKILL) once the guest is down.
 *
 *   gcc -Os -static -s -o virtive-anchor anchor.c
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void reap(int number) {
  (void)number;
  while (waitpid(-1, 0, WNOHANG) > 0) {
  }
}

int main(void) {
  signal(SIGTERM, SIG_IGN);
  signal(SIGINT, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGCHLD, reap);
  for (;;)
    pause();
}
