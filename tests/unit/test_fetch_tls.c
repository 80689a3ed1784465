/* Certificates, against openssl's own server. */
#include "test.h"

#include "fetch_world.h"
#include "scripted_proxy.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct scripted_name names[] = {
    {"tls.example", "127.0.0.1", "", NULL, 0},
    {"other.example", "127.0.0.1", "", NULL, 0},
    {NULL, NULL, NULL, NULL, 0},
};

struct tls {
    char dir[40];
    pid_t pid;
    unsigned port;
};

static bool shell(const char *dir, const char *command)
{
    char line[1000];
    snprintf(line, sizeof(line), "cd %s && { %s ; } >/dev/null 2>&1", dir, command);
    return system(line) == 0;
}

static bool tls_start(struct tls *tls)
{
    int out[2];
    strcpy(tls->dir, "/tmp/shoji-tls-XXXXXX");
    assert_non_null(mkdtemp(tls->dir));
    if (!shell(tls->dir, "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                         "-days 2 -subj /CN=tls.example -addext subjectAltName=DNS:tls.example "
                         "-keyout key.pem -out cert.pem && printf hello > picture"))
        return false;
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    tls->pid = fork();
    if (tls->pid == 0) {
        dup2(out[1], 1);
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2);
        if (chdir(tls->dir) == 0)
            execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", "cert.pem",
                   "-key", "key.pem", "-WWW", (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    FILE *from = fdopen(out[0], "r");
    char line[200];
    while (tls->port == 0 && fgets(line, sizeof(line), from))
        if (strncmp(line, "ACCEPT ", 7) == 0)
            tls->port = (unsigned)strtoul(strrchr(line, ':') + 1, NULL, 10);
    /* Not closed: the server goes on writing there. */
    return tls->port != 0;
}

static void tls_stop(struct tls *tls)
{
    if (tls->pid > 0) {
        kill(tls->pid, SIGKILL);
        waitpid(tls->pid, NULL, 0);
    }
    (void)shell(tls->dir, "rm -f key.pem cert.pem picture");
    rmdir(tls->dir);
}

static void test_certificates(void **state)
{
    (void)state;
    struct tls tls = {.pid = -1};
    if (!tls_start(&tls)) {
        tls_stop(&tls);
        print_message("no openssl command that can make certificates and serve\n");
        skip();
    }
    char ca_file[100];
    char good[100];
    char other[100];
    char literal[100];
    char plain[100];
    snprintf(ca_file, sizeof(ca_file), "%s/cert.pem", tls.dir);
    snprintf(good, sizeof(good), "https://tls.example:%u/picture", tls.port);
    snprintf(other, sizeof(other), "https://other.example:%u/picture", tls.port);
    snprintf(literal, sizeof(literal), "https://127.0.0.1:%u/picture", tls.port);

    const struct scripted_reply no_replies[] = {{NULL, NULL}};
    struct scripted_origin *origin = scripted_origin_start(no_replies);
    snprintf(plain, sizeof(plain), "https://tls.example:%u/", scripted_origin_port(origin));

    struct scripted_dns *dns = scripted_dns_start(names);
    struct fetch_conf conf = world_conf(dns);
    assert_int_equal(world_fetch_one(&conf, good).outcome, FETCH_TLS);
    conf.ca_file = ca_file;
    struct got got = world_fetch_one(&conf, good);
    assert_int_equal(got.outcome, FETCH_OK);
    assert_int_equal(got.body_len, 5);
    assert_memory_equal(got.body, "hello", 5);
    free(got.body);
    assert_int_equal(world_fetch_one(&conf, other).outcome, FETCH_TLS);
    assert_int_equal(world_fetch_one(&conf, literal).outcome, FETCH_TLS);
    /* TLS to somebody who does not speak it. */
    assert_int_equal(world_fetch_one(&conf, plain).outcome, FETCH_TLS);
    assert_int_equal(scripted_origin_connections(origin), 1);
    scripted_origin_stop(origin);
    scripted_dns_stop(dns);
    tls_stop(&tls);
}

/* Through a proxy it is the original's name that the certificate must have. */
static void test_certificates_through_proxies(void **state)
{
    (void)state;
    struct tls tls = {.pid = -1};
    if (!tls_start(&tls)) {
        tls_stop(&tls);
        print_message("no openssl command that can make certificates and serve\n");
        skip();
    }
    static const struct scripted_name public[] = {
        {.name = "tls.example", .a = "93.184.216.34", .aaaa = ""},
        {.name = "other.example", .a = "93.184.216.34", .aaaa = ""},
        {.name = NULL},
    };
    struct scripted_dns *dns = scripted_dns_start(public);
    char resolvers[60];
    char ca_file[100];
    char good[100];
    char other[100];
    snprintf(resolvers, sizeof(resolvers), "198.51.100.53:%u", scripted_dns_port(dns));
    snprintf(ca_file, sizeof(ca_file), "%s/cert.pem", tls.dir);
    snprintf(good, sizeof(good), "https://tls.example:%u/picture", tls.port);
    snprintf(other, sizeof(other), "https://other.example:%u/picture", tls.port);
    for (int http = 0; http < 2; http++) {
        struct scripted_proxy *proxy =
            scripted_proxy_start(&(struct scripted_proxy_conf){.http = http});
        const struct egress_conf egress = {
            .name = "proxy",
            .type = http ? EGRESS_HTTP : EGRESS_SOCKS5,
            .address = scripted_proxy_address(proxy),
            .resolvers = resolvers,
            .weight = 1,
        };
        struct fetch_conf conf = world_conf(dns);
        conf.allow_private = NULL;
        conf.egresses = &egress;
        conf.egresses_count = 1;
        assert_int_equal(world_fetch_one(&conf, good).outcome, FETCH_TLS);
        conf.ca_file = ca_file;
        struct got got = world_fetch_one(&conf, good);
        assert_int_equal(got.outcome, FETCH_OK);
        assert_memory_equal(got.body, "hello", 5);
        free(got.body);
        assert_int_equal(world_fetch_one(&conf, other).outcome, FETCH_TLS);
        scripted_proxy_stop(proxy);
    }
    scripted_dns_stop(dns);
    tls_stop(&tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_certificates_through_proxies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
