/* multipart/form-data: the first line is the Content-Type, behind it stands the body. */
#include "fuzz.h"

#include "base/text.h"
#include "httpd/httpd_priv.h"

#include <stdlib.h>
#include <string.h>

void fuzz_begin(void)
{
}

void fuzz_seeds(struct fuzz_seeds *s)
{
    fuzz_seed_text(
        s,
        "multipart/form-data; boundary=X\n"
        "--X\r\nContent-Disposition: form-data; name=\"project\"\r\n\r\naml-reporting\r\n"
        "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\a%22\\list.csv\"\r\n"
        "Content-Type: text/csv\r\n\r\na,b\r\n1,2\r\n\r\n--X--\r\n");
    fuzz_seed_text(
        s, "multipart/form-data; charset=utf-8; boundary=\"--a b\"\n"
           "----a b\r\ncontent-disposition: FORM-DATA; filename*=x; name=海\r\n\r\n\r\n----a b--");
    fuzz_seed_text(
        s,
        "multipart/form-data; boundary=B\n--B\r\nX: 1\r\nContent-Disposition: form-data; name=n\r\n\r\n--B--");
    fuzz_seed_text(s, "text/plain\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *eol = size ? memchr(data, '\n', size) : NULL;
    if (!eol)
        return 0;
    _auto(arena) a = arena_new();
    struct err_info e = {0};
    const struct httpd_part *part = NULL;
    size_t head = (size_t)(eol - data);
    char *type = mem_alloc(head + 1);
    memcpy(type, data, head);
    struct bytes body = fuzz_copy(eol + 1, size - head - 1);
    enum err err = httpd_multipart_parse(a, type, body, &part, &e);
    if (err != ERR_OK) {
        MUST(err == ERR_BAD_REQUEST || err == ERR_MEDIA_TYPE);
        fuzz_refused(err, &e);
    } else {
        size_t n = 0, octets = 0;
        for (; part[n].name; n++) {
            MUST(*part[n].name && text_is_utf8(part[n].name, strlen(part[n].name)) &&
                 part[n].content_type);
            octets += part[n].data.n;
            if (part[n].filename) { /* a name, never a way */
                MUST(!strchr(part[n].filename, '/') && !strchr(part[n].filename, '\\'));
                MUST(fuzz_within(part[n].data, body));
            } else {
                MUST(part[n].data.p[part[n].data.n] == 0);
                MUST(part[n].data.n == 0 || text_is_utf8(part[n].data.p, part[n].data.n));
            }
        }
        MUST(n <= HTTPD_PARTS_MAX && octets <= body.n);
    }
    free(type);
    free((void *)(uintptr_t)body.p);
    return 0;
}
