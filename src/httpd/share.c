/* What each client address has of the server at this moment. Without a proxy an address holds connections; behind our
 * nginx, whose connections are all its own, the address that X-Real-IP names holds requests. An entry lives as long as
 * something is held. */
#include "httpd/httpd_priv.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* IPv4 whole, IPv6 as its /64: what one customer has. */
static struct httpd_share_key key_of(const char *address)
{
    struct in6_addr six;
    struct in_addr four;
    struct httpd_share_key k = {0};
    if (inet_pton(AF_INET6, address, &six) == 1 && !IN6_IS_ADDR_V4MAPPED(&six)) {
        k.six = 1;
        memcpy(&k.bits, six.s6_addr, sizeof k.bits);
    } else if (inet_pton(AF_INET6, address, &six) == 1) {
        memcpy(&k.bits, six.s6_addr + 12, 4);
    } else if (inet_pton(AF_INET, address, &four) == 1) {
        memcpy(&k.bits, &four, 4);
    }
    return k;
}

static struct httpd_share **place_of(struct httpd *s, struct httpd_share_key k)
{
    uint64_t mixed = (k.bits ^ (uint64_t)k.six) * UINT64_C(0x9E3779B97F4A7C15);
    struct httpd_share **at = &s->share[mixed >> 54 & (HTTPD_SHARE_BUCKETS - 1)];
    while (*at && ((*at)->key.bits != k.bits || (*at)->key.six != k.six))
        at = &(*at)->next;
    return at;
}

struct httpd_share *httpd_share_take(struct httpd *s, const char *address, int *held)
{
    struct httpd_share_key k = key_of(address);
    pthread_mutex_lock(&s->share_lock);
    struct httpd_share **at = place_of(s, k);
    if (!*at) {
        *at = mem_alloc(sizeof **at);
        (*at)->key = k;
    }
    struct httpd_share *share = *at;
    *held = ++share->held;
    pthread_mutex_unlock(&s->share_lock);
    return share;
}

void httpd_share_give(struct httpd *s, struct httpd_share *share)
{
    if (!share)
        return;
    pthread_mutex_lock(&s->share_lock);
    if (--share->held == 0) {
        *place_of(s, share->key) = share->next;
        free(share);
    }
    pthread_mutex_unlock(&s->share_lock);
}

struct httpd_share *httpd_share_of(const struct httpd_conn *c)
{
    return c->share ? c->share : c->link->share;
}
