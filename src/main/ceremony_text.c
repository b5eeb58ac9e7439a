/* The transcript of a ceremony: plain text that the new root, or the root that was opened, has signed.
 *
 * Signed is "CERTHALL-CEREMONY-v1" 0x00 and everything before the line that begins the signature. It holds no secret: prints of
 * shares are hashes over 32 random octets. */
#include "main/ceremony_priv.h"

#include "base/text.h"
#include "pki/digest.h"
#include "pki/pem.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SIGNATURE "CERTHALL SIGNATURE"
static const char signature_line[] = "-----BEGIN " SIGNATURE "-----";
static const char end_of_line[] = SIGNATURE "-----\n"; /* what is left behind "-----END " */
static const char domain[] = "CERTHALL-CEREMONY-v1";   /* with its NUL */
static const char files_line[] = "文件及其 SHA-256 Files and their SHA-256:";

enum { TEXT_MAX = 256 << 10, PROGRAM_MAX = 64 << 20 };

static const char *sha256_of(struct arena *a, struct bytes b)
{
    uint8_t hash[DIGEST_LEN];
    digest_sha256(b, hash);
    return text_hex(a, (struct bytes){hash, sizeof hash});
}

static const char *second(struct ceremony *c, int64_t at)
{
    return time_rfc3339(c->arena, at / TIME_SECOND * TIME_SECOND);
}

/* ---- parts ---- */

static void put_head(struct ceremony *c, struct buf *b)
{
    static const char *const kind[] = {
        [CA_CEREMONY_CREATE] = "新建根证书和签发证书 A root and an issuing CA are made",
        [CA_CEREMONY_RENEW] = "更换签发证书 The issuing CA is rolled over",
        [CA_CEREMONY_LIST] = "更新根的吊销列表 The root's list is renewed"};
    _auto(arena) a = arena_new();
    char program[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    struct bytes octets;
    struct err_info e;
    program[n > 0 ? n : 0] = '\0';
    int read = file_read(a, program, PROGRAM_MAX, &octets, &e) == ERR_OK;
    buf_fmt(b, "CertHall 密钥仪式记录  Key ceremony transcript\n\n");
    buf_fmt(b, "内容 Purpose: %s (%s)\n", kind[c->spec.kind], pki_alg_text(c->spec.alg));
    buf_fmt(b, "程序 Program: certhall %s, SHA-256 %s\n", CERTHALL_VERSION,
            read ? sha256_of(a, octets) : "?");
    buf_fmt(b, "操作人 Operator: %s\n见证人 Witness: %s\n", c->people.operator, c->people.witness);
}

static void put_custody(struct ceremony *c, struct buf *b, const struct ca_ceremony_key *key,
                        const char *const who[SHARES_MAX])
{
    char id[SHARES_ID_SIZE];
    if (!key || !who[0])
        return;
    shares_id_text(key->split.id, id);
    buf_fmt(b,
            "\n%s 分成 %d 份，凑齐 %d 份可用 is split into %d shares, %d of them open it (%s):\n",
            key->code, key->split.count, key->split.threshold, key->split.count,
            key->split.threshold, id);
    for (int i = 0; i < key->split.count; i++)
        buf_fmt(b, "  %d  %s  %s\n", i + 1, who[i],
                text_hex(c->arena, (struct bytes){key->split.print[i], SHARES_PRINT_LEN}));
}

static enum err put_certificate(struct ceremony *c, struct buf *b,
                                const struct ca_ceremony_key *key, struct err_info *e)
{
    struct cert_view view;
    TRY(cert_view(key->certificate, c->arena, &view, e));
    buf_fmt(
        b,
        "\n证书 Certificate %s\n  %s\n  序列号 serial %s\n  有效期 valid %s – %s\n  SHA-256 %s\n",
        key->code, view.subject_text, view.serial, second(c, view.not_before),
        second(c, view.not_after), sha256_of(c->arena, key->certificate));
    return ERR_OK;
}

static void put_steps(struct ceremony *c, struct buf *b)
{
    buf_fmt(b, "\n步骤 Steps:\n");
    for (size_t i = 0; i < c->steps; i++)
        buf_fmt(b, "  %zu  %s  %s  %s\n", i + 1, second(c, c->step[i].at), c->step[i].zh,
                c->step[i].en);
}

/* A share's file has a secret in it, and so has that of a passphrase: their hashes are left out. */
static void put_files(struct ceremony *c, struct buf *b)
{
    const struct ca_ceremony_file *file;
    size_t n = ca_ceremony_files(c->ca, &file);
    buf_fmt(b, "\n%s\n", files_line);
    for (size_t i = 0; i < n; i++)
        if (file[i].place == CA_PLACE_OUT || file[i].place == CA_PLACE_CA)
            buf_fmt(b, "  %s  %s%s\n", sha256_of(c->arena, file[i].content),
                    file[i].place == CA_PLACE_CA ? "ca/keys/" : "", file[i].name);
}

/* ---- the whole ---- */

static struct bytes to_sign(struct arena *a, const char *text, size_t n)
{
    uint8_t *all = arena_alloc(a, sizeof domain + n);
    memcpy(all, domain, sizeof domain);
    memcpy(all + sizeof domain, text, n);
    return (struct bytes){all, sizeof domain + n};
}

enum err ceremony_transcript(struct ceremony *c, struct bytes *out, struct err_info *e)
{
    const struct ca_ceremony_key *root = ca_ceremony_root(c->ca),
                                 *issuing = ca_ceremony_issuing(c->ca);
    struct bytes signature;
    _auto_buf b;
    buf_init(&b, TEXT_MAX);
    put_head(c, &b);
    if (c->opened_by)
        buf_fmt(&b, "根密钥由这些份打开 The root's key was opened by shares: %s\n", c->opened_by);
    if (c->spec.revoke)
        buf_fmt(&b, "列表吊销 The list revokes: %s\n", c->spec.revoke);
    put_custody(c, &b, root, c->people.root);
    put_custody(c, &b, issuing, c->people.issuing);
    TRY(put_certificate(c, &b, root, e));
    if (issuing)
        TRY(put_certificate(c, &b, issuing, e));
    put_steps(c, &b);
    put_files(c, &b);
    buf_fmt(
        &b,
        "\n根证书，下面的签名由它验证 The root's certificate, which verifies the signature below:\n%s",
        pem_encode(c->arena, "CERTIFICATE", root->certificate));
    TRY(ca_ceremony_sign(c->ca, to_sign(c->arena, buf_cstr(&b), b.n), c->arena, &signature, e));
    buf_text(&b, pem_encode(c->arena, SIGNATURE, signature));
    if (b.full)
        return err_set(e, ERR_INTERNAL, NULL, "the transcript is too long");
    *out = arena_bytes(c->arena, b.p, b.n);
    return ERR_OK;
}

/* ---- verifying ---- */

static enum err wrong(struct err_info *e, const char *why)
{
    err_set(e, ERR_SIGNATURE, NULL, NULL);
    err_arg(e, "why", "%s", why);
    return ERR_SIGNATURE;
}

static enum err check_signature(struct arena *a, struct bytes file, struct bytes *root,
                                struct err_info *e)
{
    const char *text = (const char *)file.p;
    const char *at = memmem(text, file.n, signature_line, sizeof signature_line - 1);
    struct bytes signature;
    _auto(pki_pub) key = NULL;
    if (!at)
        return wrong(e, "there is no signature in it");
    size_t n = (size_t)(at - text);
    struct bytes rest = {file.p + n, file.n - n};
    TRY(pem_decode_next(a, &rest, SIGNATURE, &signature, e));
    if (rest.n != sizeof end_of_line - 1 || memcmp(rest.p, end_of_line, rest.n) != 0)
        return wrong(e, "something stands behind the signature");
    TRY(pem_decode(a, (struct bytes){file.p, n}, "CERTIFICATE", root, e));
    TRY(cert_key(*root, &key, e));
    TRY(cert_verify_signature(*root, key, e));
    return pki_verify(key, to_sign(a, text, n), signature, e);
}

/* Of the files that the transcript names, those that stand beside it; 0 in *good: one of them is not what it was. */
static void check_files(struct arena *a, const char *text, const char *folder, int *good)
{
    const char *at = strstr(text, files_line);
    for (at = at ? strchr(at, '\n') : NULL; at && strncmp(at, "\n  ", 3) == 0;
         at = strchr(at + 1, '\n')) {
        char hash[65], name[128];
        struct bytes content;
        struct err_info e;
        if (sscanf(at, "\n  %64s  %127[^\n]", hash, name) != 2 || strchr(name, '/') ||
            file_read(a, arena_fmt(a, "%s/%s", folder, name), TEXT_MAX, &content, &e) != ERR_OK)
            continue;
        int same = !strcmp(hash, sha256_of(a, content));
        printf("%-4s %s\n", same ? "ok" : "BAD", name);
        *good &= same;
    }
}

enum err ceremony_verify(struct arena *a, const char *path, const char *root_path,
                         struct err_info *e)
{
    struct bytes file, root, given, given_der;
    struct cert_view view;
    int good = 1;
    TRY(file_read(a, path, TEXT_MAX, &file, e));
    TRY(check_signature(a, file, &root, e));
    if (root_path) {
        TRY(file_read(a, root_path, 64 << 10, &given, e));
        TRY(cert_decode(given, a, &given_der, e));
        if (given_der.n != root.n || memcmp(given_der.p, root.p, root.n) != 0)
            return wrong(e, "it is signed by another root than the one given");
    }
    TRY(cert_view(root, a, &view, e));
    check_files(a, (const char *)file.p, dirname(arena_text(a, path)), &good);
    if (!good)
        return wrong(e, "a file beside it is not the one that was written");
    printf("ok   signed by %s, SHA-256 %s\n", view.subject_text, sha256_of(a, root));
    if (!root_path)
        printf("note compare this number with the one on paper, or name the root: --root FILE\n");
    return ERR_OK;
}
