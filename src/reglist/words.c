/* The reasons in words: what is wrong, and how to mend it, in one sentence (brief §4). */
#include "reglist/reglist.h"

#include <string.h>

static const struct reason {
    const char *code, *zh, *en;
} REASONS[REGLIST_REASON_COUNT] = {
    [REGLIST_ENCODING] = {"encoding",
                          "文件不是 UTF-8 也不是 GB18030。请在表格软件里另存为“CSV UTF-8”再上传",
                          "The file is neither UTF-8 nor GB18030. Save it as \"CSV UTF-8\" in your "
                          "spreadsheet program and upload it again"},
    [REGLIST_SYNTAX] = {"syntax",
                        "格式读不懂（{value}）。CSV 里带逗号或引号的内容要整格用双引号括起来；"
                        "JSON 里每一项都要是带双引号的文字",
                        "This cannot be read ({value}). In CSV, put a field with commas or quotes "
                        "in double quotes; in JSON every value is a quoted text"},
    [REGLIST_EMPTY] = {"empty", "名单里一行也没有。请检查是否选错了文件",
                       "The list has no rows. Check whether this is the right file"},
    [REGLIST_COLUMN_MISSING] = {"column_missing", "缺少“{column}”这一列。请补上表头和内容",
                                "The column {column} is missing. Add it with its head"},
    [REGLIST_COLUMN_UNKNOWN] =
        {"column_unknown", "没有“{column}”这一列。请对照模板改表头，或删掉这一列",
         "There is no column {column}. Correct the head, or delete the column"},
    [REGLIST_COLUMN_TWICE] = {"column_twice", "“{column}”这一列出现了两次。请删掉一列",
                              "The column {column} stands there twice. Delete one"},
    [REGLIST_COLUMN_COUNT] =
        {"column_count", "这一行有 {other} 格，和表头不一样多。请检查是否多了或少了逗号",
         "This row has {other} fields, not as many as the head row. Look for a "
         "comma too many or too few"},
    [REGLIST_REQUIRED] = {"required", "没有填。请补上", "This is empty. Fill it in"},
    [REGLIST_TOO_SHORT] = {"too_short", "“{value}”太短，至少 {other} 个字",
                           "\"{value}\" is too short: at least {other} characters"},
    [REGLIST_TOO_LONG] = {"too_long", "“{value}”太长，最多 {other} 个字",
                          "\"{value}\" is too long: at most {other} characters"},
    [REGLIST_CHARACTER] =
        {"character", "含有看不见的控制字符。请重新输入这一格，不要从网页粘贴",
         "It holds invisible control characters. Type it anew instead of pasting"},
    [REGLIST_ACTION] =
        {"action", "“{value}”不是办理方式。请填 add（新增）、correct（更正）或 withdraw（撤回）",
         "\"{value}\" is no action. Write add, correct or withdraw"},
    [REGLIST_REPORTING_CODE] = {"reporting_code",
                                "“{value}”不是报送机构编码。应是 14 位大写字母和数字",
                                "\"{value}\" is no reporting code: 14 capital letters and digits"},
    [REGLIST_USCC_FORM] = {"uscc_form",
                           "“{value}”不是统一社会信用代码。应是 18 位数字和大写字母，"
                           "没有字母 I、O、S、V、Z",
                           "\"{value}\" is no unified social credit code: 18 digits and capital "
                           "letters without I, O, S, V, Z"},
    [REGLIST_USCC_CHECK] = {"uscc_check",
                            "“{value}”的校验码算不对。请对照营业执照；确实如此的，写明原因即可放行",
                            "The check digit of \"{value}\" does not fit. Compare it with the "
                            "licence; if it stands there so, give the reason and accept it"},
    [REGLIST_MOBILE] = {"mobile", "“{value}”不是手机号。应是 1 开头的 11 位数字",
                        "\"{value}\" is no mobile number: 11 digits starting with 1"},
    [REGLIST_EMAIL] = {"email", "“{value}”不是邮箱地址。应像 name@example.com",
                       "\"{value}\" is no e-mail address: it should look like name@example.com"},
    [REGLIST_CODE] = {"code", "授权码应是 16 位数字和字母（没有 I、L、O、U）；留空就由系统生成",
                      "An authorisation code has 16 digits and letters without I, L, O, U; left "
                      "empty, one is made"},
    [REGLIST_CODE_GUESSABLE] =
        {"code_guessable", "授权码太容易猜到：至少要有 6 种不同的字符。请换一个，或留空由系统生成",
         "The authorisation code is too easy to guess: it needs at least 6 different characters. "
         "Use another, or leave it empty and one is made"},
    [REGLIST_CODE_NOT_HERE] = {"code_not_here", "更正和撤回不用填授权码。请清空这一格",
                               "Corrections and withdrawals carry no code. Empty this field"},
    [REGLIST_TWICE] = {"twice", "和第 {other} 行是同一个机构的同一个用户。请只留一行",
                       "The same user of the same institution stands in row {other}. Keep one row"},
    [REGLIST_CODE_TWICE] = {"code_twice", "和第 {other} 行的授权码相同。每个用户的授权码都要不同",
                            "Row {other} has the same authorisation code. Each user needs his own"},
    [REGLIST_NAME_DIFFERS] =
        {"name_differs",
         "“{value}”和第 {other} 行不同，报送机构编码却一样。请核对；确实如此的，写明原因即可放行",
         "\"{value}\" differs from row {other} with the same reporting code. "
         "Check it; if it is right, give the reason and accept it"},
    [REGLIST_EXISTS] = {"exists", "这个用户已经登记过。要改内容请用 correct",
                        "This user is registered already. To change details use correct"},
    [REGLIST_ABSENT] =
        {"absent", "没有找到这个用户，无法更正或撤回。请核对编码和用户名，新用户请用 add",
         "There is no such user to correct or withdraw. Check code and user name; a new "
         "user needs add"},
    [REGLIST_CODE_TAKEN] =
        {"code_taken", "这个授权码已经属于另一个用户。请换一个，或留空由系统生成",
         "This authorisation code belongs to another user. Use another, or leave it "
         "empty and one is made"},
    [REGLIST_FROZEN] = {"frozen", "这个用户的业务单已付款，不能再更正。请等办结后走信息变更",
                        "This user's order is paid and can no longer be corrected. Use a change of "
                        "details once it is completed"},
};

const char *reglist_action_text(enum reglist_action action)
{
    static const char *const text[] = {"add", "correct", "withdraw"};
    return text[action];
}

const char *reglist_reason_code(enum reglist_reason reason)
{
    return reason < REGLIST_REASON_COUNT ? REASONS[reason].code : "";
}

static void put_value(struct buf *b, const char *name, size_t n, const struct reglist_problem *p)
{
    if (n == 5 && memcmp(name, "value", n) == 0)
        buf_text(b, p->value);
    else if (n == 6 && memcmp(name, "column", n) == 0)
        buf_text(b, p->column);
    else if (n == 5 && memcmp(name, "other", n) == 0)
        buf_fmt(b, "%d", p->other);
}

const char *reglist_problem_text(struct arena *a, const struct reglist_problem *p, enum lang lang)
{
    const struct reason *r = &REASONS[p->reason];
    const char *s = lang == LANG_EN ? r->en : r->zh;
    _auto_buf b;
    buf_init(&b, 2048);
    while (*s) {
        size_t n = strcspn(s, "{");
        buf_put(&b, s, n);
        s += n;
        if (*s == '{') {
            n = strcspn(s, "}");
            put_value(&b, s + 1, n - 1, p);
            s += n + 1;
        }
    }
    if (*p->suggestion)
        buf_fmt(&b, lang == LANG_EN ? "; perhaps %s is meant" : "；也许应是 %s", p->suggestion);
    buf_text(&b, lang == LANG_EN ? "." : "。");
    return arena_text(a, buf_cstr(&b));
}
