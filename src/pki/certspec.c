/* What a certificate's spec must be before it is written: serial, names, times, addresses. */
#include "base/sys.h"
#include "base/time.h"
#include "pki/cert_priv.h"
#include "pki/pki_priv.h"

#include <string.h>

unsigned cert_encryption_usage(enum pki_alg alg)
{
    unsigned usage = CERT_KU_KEY_ENCIPHERMENT | CERT_KU_DATA_ENCIPHERMENT;
    return alg == PKI_RSA2048 || alg == PKI_RSA3072 ? usage : usage | CERT_KU_KEY_AGREEMENT;
}

struct bytes cert_serial_new(struct arena *a)
{
    enum { TIME_OCTETS = 6 };
    uint8_t serial[16];
    uint64_t now = (uint64_t)clock_machine();
    for (int i = 0; i < TIME_OCTETS; i++)
        serial[i] = (uint8_t)(now >> 8 * (TIME_OCTETS - 1 - i));
    random_bytes(serial + TIME_OCTETS, sizeof serial - TIME_OCTETS);
    serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40); /* positive, and always 16 octets */
    return arena_bytes(a, serial, sizeof serial);
}

int cert_url_fits(struct bytes u)
{
    static const char *const scheme[] = {"http://", "https://", "ldap://"};
    for (size_t i = 0; i < u.n; i++)
        if (u.p[i] <= ' ' || u.p[i] >= 0x7f)
            return 0;
    for (int i = 0; i < 3; i++)
        if (u.n > strlen(scheme[i]) && memcmp(u.p, scheme[i], strlen(scheme[i])) == 0)
            return 1;
    return 0;
}

static int fits_or_absent(const char *url)
{
    return !url || cert_url_fits((struct bytes){(const uint8_t *)url, strlen(url)});
}

enum err cert_spec_check(const struct cert_spec *s, struct err_info *e)
{
    struct bytes n = s->serial;
    while (n.n && n.p[0] == 0) {
        n.p++;
        n.n--;
    }
    if (n.n == 0 || n.n + (n.p[0] >> 7) > CERT_SERIAL_MAX)
        return pki_why(e, ERR_CERT_SPEC, "serial of %zu octets (RFC 5280 4.1.2.2)", n.n);
    if (!s->key || !s->issuer_key || !s->issuer.n || !s->subject.n)
        return pki_why(e, ERR_CERT_SPEC, "a key or a name is missing");
    if (s->not_after / 1000 < s->not_before / 1000)
        return pki_why(e, ERR_CERT_SPEC, "it ends before it begins");
    if (!fits_or_absent(s->crl_url) || !fits_or_absent(s->ocsp_url) ||
        !fits_or_absent(s->ca_issuers_url))
        return pki_why(e, ERR_CERT_SPEC, "an address that is neither http, https nor ldap");
    for (size_t i = 0; i < s->policies; i++)
        if (!fits_or_absent(s->policy[i].cps_url))
            return pki_why(e, ERR_CERT_SPEC, "CPS address of policy %s", s->policy[i].oid);
    return ERR_OK;
}
