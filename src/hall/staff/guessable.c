/* Passwords that stand on everybody's list, by what makes them so instead of by a copy of such a list: a few characters
 * over and over, a piece repeated, the sign-in name, or nothing but well-known words, runs of keys and digits. */
#include "hall/staff/staff.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { CHARS_MAX = 512, DISTINCT_MIN = 5, PIECE_MAX = 8, LOGIN_PART_MIN = 4, OWN_LETTERS_MIN = 3 };

/* In lower case, written with letters: digits and signs that stand for letters are read as those. */
static const char *const WORDS[] = {
    "password",  "passwort", "passwd",   "passcode",   "pass",       "admin",       "administrator",
    "root",      "user",     "guest",    "login",      "signin",     "secret",      "letmein",
    "welcome",   "hello",    "changeme", "change",     "default",    "test",        "testing",
    "demo",      "temp",     "system",   "server",     "master",     "super",       "manager",
    "monkey",    "dragon",   "football", "baseball",   "basketball", "princess",    "sunshine",
    "shadow",    "superman", "batman",   "starwars",   "iloveyou",   "love",        "forever",
    "trustno",   "computer", "internet", "qwertyuiop", "qwertzuiop", "qwerty",      "qwertz",
    "asdfghjkl", "asdfgh",   "asdf",     "zxcvbnm",    "zxcvbn",     "zxcv",        "qazwsxedc",
    "qazwsx",    "qaz",      "wsx",      "edc",        "abcdefgh",   "abcdef",      "abcd",
    "abc",       "aaa",      "xxx",      "summer",     "winter",     "spring",      "autumn",
    "monday",    "friday",   "january",  "december",   "china",      "beijing",     "shanghai",
    "guangzhou", "shenzhen", "zhongguo", "woaini",     "wodemima",   "mima",        "mimamima",
    "dating",    "zhengshu", "certhall", "hall",       "ukey",       "certificate",
};

static char letter_of(char c)
{
    static const char written[] = "0134578@$!|+", read[] = "oleastbasiit";
    const char *at = c ? strchr(written, c) : NULL;
    return at ? read[at - written] : (char)tolower((unsigned char)c);
}

static int distinct(const char *s)
{
    char seen[256] = {0};
    int n = 0;
    for (; *s; s++)
        if (!seen[(unsigned char)*s]++)
            n++;
    return n;
}

/* "hall2026hall2026": a short piece, twice or more often. */
static int is_repeated(const char *s, size_t n)
{
    for (size_t piece = 1; piece <= PIECE_MAX && piece * 2 <= n; piece++)
        if (memcmp(s, s + piece, n - piece) == 0)
            return 1;
    return 0;
}

static int has_login(const char *s, size_t n, const char *login)
{
    size_t part = strlen(login);
    for (size_t i = 0; part >= LOGIN_PART_MIN && i + part <= n; i++)
        if (strncasecmp(s + i, login, part) == 0)
            return 1;
    return 0;
}

static void cover(char *covered, const char *text, const char *word)
{
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
        memset(covered + (at - text), 1, strlen(word));
}

/* Letters, and octets of other scripts, that belong to no word of the list. */
static int own_letters(const char *s, size_t n)
{
    char text[CHARS_MAX + 1], covered[CHARS_MAX + 1] = {0};
    int own = 0;
    for (size_t i = 0; i < n; i++)
        text[i] = letter_of(s[i]);
    text[n] = '\0';
    for (size_t w = 0; w < sizeof WORDS / sizeof *WORDS; w++)
        cover(covered, text, WORDS[w]);
    for (size_t i = 0; i < n; i++)
        if (!covered[i] && (isalpha((unsigned char)s[i]) || (unsigned char)s[i] >= 0x80))
            own++;
    return own;
}

int staff_password_guessable(const char *login, const char *password)
{
    size_t n = strlen(password);
    if (n > CHARS_MAX)
        return 0; /* refused for its length */
    return distinct(password) < DISTINCT_MIN || is_repeated(password, n) ||
           has_login(password, n, login) || own_letters(password, n) < OWN_LETTERS_MIN;
}
