/* md2html: Markdown to HTML, as a small WASI command.
 *
 *   md2html [--page] [FILE]      reads FILE or standard input, writes HTML to standard output
 *
 * Blocks: headings (both forms, with ids), paragraphs, nested and task lists, block quotes, fenced and
 * indented code, tables, rules. Inline: emphasis, strong, strikethrough, code, links (inline, by reference,
 * <automatic>), images, hard breaks, entities, backslash escapes. Raw HTML is shown, not passed through, and
 * script URLs are dropped, so the output is safe to embed.
 *
 * How it works: the input becomes an array of lines (slices, nothing is copied). `blocks` walks them; a
 * container (quote, list item) strips its prefix off its lines and calls `blocks` again, so nesting is plain
 * recursion. The text of a leaf block goes through `spans`, which recurses the same way into emphasis and links.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 64 }; /* containers or spans within each other; deeper text is left as it is */

typedef struct { const char *s; size_t n; } Str;
typedef struct { char *s; size_t n, cap; } Buf;
typedef struct { Str *v; size_t n, cap; } Lines;
typedef struct { Str label, url, title; } Ref;

static Buf out;
static struct { Ref *v; size_t n, cap; } refs;
static Lines slugs; /* heading ids already given */

/* ---- memory, output, characters ---- */

static void *grow(void *p, size_t need, size_t *cap, size_t size) {
    if (need <= *cap) return p;
    *cap = need < 16 ? 16 : need * 2;
    p = realloc(p, *cap * size);
    if (!p) { fputs("md2html: out of memory\n", stderr); exit(70); }
    return p;
}
static void append(Buf *b, const char *s, size_t n) {
    b->s = grow(b->s, b->n + n, &b->cap, 1);
    if (n) memcpy(b->s + b->n, s, n);
    b->n += n;
}
static void push(Lines *l, Str s) {
    l->v = grow(l->v, l->n + 1, &l->cap, sizeof *l->v);
    l->v[l->n++] = s;
}
static void put(const char *s) { append(&out, s, strlen(s)); }
static void put_number(unsigned n) {
    char d[12], *p = d + sizeof d;
    do *--p = (char)('0' + n % 10); while (n /= 10);
    append(&out, p, (size_t)(d + sizeof d - p));
}
static void escape(char c) {
    switch (c) {
    case '&': put("&amp;"); break;
    case '<': put("&lt;"); break;
    case '>': put("&gt;"); break;
    case '"': put("&quot;"); break;
    default: append(&out, &c, 1);
    }
}
static void escape_all(Str t) { for (size_t i = 0; i < t.n; i++) escape(t.s[i]); }

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }
static bool is_word(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || (c & 0x80); }
static bool is_punct(char c) { return c > ' ' && c < 0x7f && !is_word(c); }

static Str sub(Str t, size_t from, size_t to) { return (Str){ t.s + from, to > from ? to - from : 0 }; }
static Str trim(Str t) {
    while (t.n && is_space(t.s[t.n - 1])) t.n--;
    while (t.n && is_space(*t.s)) t.s++, t.n--;
    return t;
}
static size_t indent(Str t) { size_t i = 0; while (i < t.n && t.s[i] == ' ') i++; return i; }
static size_t run(Str t, size_t i) { size_t j = i; while (j < t.n && t.s[j] == t.s[i]) j++; return j - i; }
static bool blank(Str t) { return indent(t) == t.n; }
static bool same(Str a, Str b) { /* ignoring case */
    if (a.n != b.n) return false;
    for (size_t i = 0; i < a.n; i++) if (lower(a.s[i]) != lower(b.s[i])) return false;
    return true;
}
static bool starts(Str t, const char *p) { size_t n = strlen(p); return t.n >= n && same(sub(t, 0, n), (Str){ p, n }); }

/* ---- inline text ---- */

static void spans(Str t, int depth);

/* Index just past the code span that opens at `i`, or 0 when nothing closes it. */
static size_t code_end(Str t, size_t i) {
    size_t k = run(t, i);
    for (size_t j = i + k; j < t.n; j++)
        if (t.s[j] == '`') { size_t r = run(t, j); if (r == k) return j + k; j += r - 1; }
    return 0;
}
/* Steps over one escaped character, code span or plain character. */
static size_t step(Str t, size_t i) {
    if (t.s[i] == '\\' && i + 1 < t.n) return i + 2;
    if (t.s[i] == '`') { size_t e = code_end(t, i); return e ? e : i + run(t, i); }
    return i + 1;
}
/* Index of the bracket that closes the one at `i`, or 0. */
static size_t bracket_end(Str t, size_t i, char open, char close) {
    int level = 0;
    for (size_t j = i; j < t.n; j = step(t, j)) {
        if (t.s[j] == open) level++;
        else if (t.s[j] == close && --level == 0) return j;
    }
    return 0;
}
static bool opens(Str t, size_t i, size_t k) {
    char before = i ? t.s[i - 1] : ' ', after = i + k < t.n ? t.s[i + k] : ' ';
    if (is_space(after) || (is_punct(after) && is_word(before))) return false;
    return t.s[i] != '_' || !is_word(before);
}
static bool closes(Str t, size_t i, size_t k) {
    char before = i ? t.s[i - 1] : ' ', after = i + k < t.n ? t.s[i + k] : ' ';
    if (is_space(before) || (is_punct(before) && is_word(after))) return false;
    return t.s[i] != '_' || !is_word(after);
}
/* Where the emphasis of `want` marks that opens at `i` ends (the index of its closing marks), or 0. */
static size_t emphasis_end(Str t, size_t i, size_t want) {
    char c = t.s[i];
    int nested = 0;
    for (size_t j = i + run(t, i); j < t.n;) {
        if (t.s[j] == '[') { size_t e = bracket_end(t, j, '[', ']'); if (e) { j = e + 1; continue; } }
        if (t.s[j] != c) { j = step(t, j); continue; }
        size_t r = run(t, j);
        bool fits = want == 1 ? r != 2 : r >= want;
        if (fits && closes(t, j, r)) { if (!nested) return j + r - want; nested--; }
        else if (r == want && opens(t, j, r)) nested++;
        j += r;
    }
    return 0;
}
/* Writes the emphasis that opens at `i`; returns the index after it, or 0 when there is none. */
static size_t emphasis(Str t, size_t i, int depth) {
    static const char *const tag[] = { "", "em", "strong", "del" };
    size_t k = run(t, i), want = 0, end = 0;
    if (!opens(t, i, k)) return 0;
    if (t.s[i] == '~') { if (k == 2 && (end = emphasis_end(t, i, 2))) want = 2; }
    else for (size_t w = 1; w <= k && w <= 2; w++) { /* of the two that three marks open, the outer one ends last */
        size_t e = w == 1 && k == 2 ? 0 : emphasis_end(t, i, w);
        if (e > end) end = e, want = w;
    }
    if (!want) return 0;
    const char *name = tag[t.s[i] == '~' ? 3 : want];
    put("<"), put(name), put(">");
    spans(sub(t, i + want, end), depth + 1);
    put("</"), put(name), put(">");
    return end + want;
}
static void attribute(const char *name, Str v) { /* a quoted value; backslash escapes are undone */
    put(" "), put(name), put("=\"");
    for (size_t i = 0; i < v.n; i++) {
        if (v.s[i] == '\\' && i + 1 < v.n && is_punct(v.s[i + 1])) i++;
        if (v.s[i] == ' ' && strcmp(name, "alt") && strcmp(name, "title")) put("%20"); else escape(v.s[i]);
    }
    put("\"");
}
static void url_attribute(const char *name, Str url) {
    bool script = starts(url, "javascript:") || starts(url, "vbscript:") || starts(url, "data:");
    attribute(name, script ? (Str){ "#", 1 } : url);
}
/* Reads `(url "title")` at `i`; returns the index after it, or 0. */
static size_t destination(Str t, size_t i, Str *url, Str *title) {
    size_t end = bracket_end(t, i, '(', ')');
    if (!end) return 0;
    Str in = trim(sub(t, i + 1, end));
    *url = *title = (Str){ "", 0 };
    size_t j = 0;
    if (in.n && *in.s == '<') {
        while (j < in.n && in.s[j] != '>') j++;
        *url = sub(in, 1, j++);
    } else {
        while (j < in.n && !is_space(in.s[j])) j++;
        *url = sub(in, 0, j);
    }
    Str rest = j < in.n ? trim(sub(in, j, in.n)) : (Str){ "", 0 };
    if (!rest.n) return end + 1;
    char q = *rest.s, z = rest.s[rest.n - 1];
    if (rest.n < 2 || !((q == '"' && z == '"') || (q == '\'' && z == '\'') || (q == '(' && z == ')'))) return 0;
    *title = sub(rest, 1, rest.n - 1);
    return end + 1;
}
/* Writes the link or image whose `[` is at `i`; returns the index after it, or 0. */
static size_t link(Str t, size_t i, bool image, int depth) {
    size_t close = bracket_end(t, i, '[', ']'), end = 0;
    if (!close) return 0;
    Str text = sub(t, i + 1, close), url, title;
    if (close + 1 < t.n && t.s[close + 1] == '(') end = destination(t, close + 1, &url, &title);
    if (!end) { /* [text][label], [label][] or [label] */
        Str label = text;
        end = close + 1;
        if (end < t.n && t.s[end] == '[') {
            size_t e = bracket_end(t, end, '[', ']');
            if (e) { if (e > end + 1) label = sub(t, end + 1, e); end = e + 1; }
        }
        size_t r = 0;
        while (r < refs.n && !same(trim(refs.v[r].label), trim(label))) r++;
        if (r == refs.n) return 0;
        url = refs.v[r].url, title = refs.v[r].title;
    }
    put(image ? "<img" : "<a");
    url_attribute(image ? "src" : "href", url);
    if (image) attribute("alt", text);
    if (title.n) attribute("title", title);
    if (image) { put(" />"); return end; }
    put(">");
    spans(text, depth + 1);
    put("</a>");
    return end;
}
/* Writes <scheme:rest> or <name@host>; returns the index after it, or 0. */
static size_t autolink(Str t, size_t i) {
    size_t j = i + 1, colon = 0, at = 0;
    for (; j < t.n && t.s[j] != '>'; j++) {
        if (is_space(t.s[j]) || t.s[j] == '<') return 0;
        if (t.s[j] == ':' && !colon) colon = j;
        if (t.s[j] == '@' && !at) at = j;
    }
    if (j == t.n || (colon < i + 3 && at < i + 2)) return 0;
    for (size_t k = i + 1; colon && k < colon; k++) if (!is_word(t.s[k]) && t.s[k] != '+' && t.s[k] != '-') return 0;
    Str url = sub(t, i + 1, j);
    if (colon) put("<a"), url_attribute("href", url);
    else put("<a href=\"mailto:"), escape_all(url), put("\"");
    put(">"), escape_all(url), put("</a>");
    return j + 1;
}
static size_t entity_end(Str t, size_t i) {
    size_t j = i + 1;
    if (j < t.n && t.s[j] == '#') j++;
    size_t first = j;
    while (j < t.n && is_word(t.s[j]) && !(t.s[j] & 0x80)) j++;
    return j > first && j < t.n && t.s[j] == ';' ? j + 1 : 0;
}
static void code_span(Str t) {
    if (t.n > 2 && t.s[0] == ' ' && t.s[t.n - 1] == ' ' && !blank(t)) t = sub(t, 1, t.n - 1);
    put("<code>");
    for (size_t i = 0; i < t.n; i++) escape(t.s[i] == '\n' ? ' ' : t.s[i]);
    put("</code>");
}
static void spans(Str t, int depth) {
    if (depth > MAX_DEPTH) { escape_all(t); return; }
    for (size_t i = 0; i < t.n;) {
        char c = t.s[i];
        size_t end = 0, k;
        switch (c) {
        case '\\':
            if (i + 1 < t.n && t.s[i + 1] == '\n') put("<br />\n"), end = i + 2;
            else if (i + 1 < t.n && is_punct(t.s[i + 1])) escape(t.s[i + 1]), end = i + 2;
            break;
        case '`':
            if ((end = code_end(t, i))) k = run(t, i), code_span(sub(t, i + k, end - k));
            else end = i + run(t, i), escape_all(sub(t, i, end));
            break;
        case '<': end = autolink(t, i); break;
        case '&': if ((end = entity_end(t, i))) append(&out, t.s + i, end - i); break;
        case '!': if (i + 1 < t.n && t.s[i + 1] == '[') end = link(t, i + 1, true, depth); break;
        case '[': end = link(t, i, false, depth); break;
        case ' ': /* spaces at the end of a line go; two or more of them break it */
            k = run(t, i);
            if (i + k < t.n && t.s[i + k] == '\n') put(k >= 2 ? "<br />\n" : "\n"), end = i + k + 1;
            break;
        case '*': case '_': case '~':
            if (!(end = emphasis(t, i, depth))) end = i + run(t, i), escape_all(sub(t, i, end));
            break;
        }
        if (!end) escape(c), end = i + 1;
        i = end;
    }
}

/* ---- blocks ---- */

typedef struct { char kind; unsigned start; size_t width; } Marker; /* kind: - + * or . ) after a number */

static bool list_marker(Str t, Marker *m) {
    size_t at = indent(t), i = at;
    if (at > 3 || at == t.n) return false;
    m->start = 0;
    if (strchr("-+*", t.s[i])) m->kind = t.s[i++];
    else {
        while (i < t.n && is_digit(t.s[i]) && i - at < 9) m->start = m->start * 10 + (unsigned)(t.s[i++] - '0');
        if (i == at || i == t.n || (t.s[i] != '.' && t.s[i] != ')')) return false;
        m->kind = t.s[i++];
    }
    if (i < t.n && t.s[i] != ' ') return false;
    size_t gap = i < t.n ? run(t, i) : 0;
    m->width = i + (gap < 1 || gap > 4 || i + gap == t.n ? 1 : gap);
    return true;
}
static bool rule(Str t) {
    t = trim(t);
    if (t.n < 3 || !strchr("-_*", *t.s)) return false;
    size_t marks = 0;
    for (size_t i = 0; i < t.n; i++) if (t.s[i] == *t.s) marks++; else if (t.s[i] != ' ') return false;
    return marks >= 3;
}
static size_t heading_level(Str t) {
    size_t at = indent(t), k = at < t.n && t.s[at] == '#' ? run(t, at) : 0;
    return at <= 3 && k <= 6 && (at + k == t.n || t.s[at + k] == ' ') ? k : 0;
}
static size_t fence(Str t) { /* length of an opening or closing fence */
    size_t at = indent(t), k = at < t.n && (t.s[at] == '`' || t.s[at] == '~') ? run(t, at) : 0;
    if (at > 3 || k < 3) return 0;
    return t.s[at] == '`' && memchr(t.s + at + k, '`', t.n - at - k) ? 0 : k;
}
static bool quoted(Str t) { size_t at = indent(t); return at <= 3 && at < t.n && t.s[at] == '>'; }

/* Can this line begin a block in the middle of a paragraph? */
static bool interrupts(Str t) {
    Marker m;
    if (indent(t) > 3) return false;
    if (heading_level(t) || fence(t) || quoted(t) || rule(t)) return true;
    return list_marker(t, &m) && m.width < t.n && (m.kind == '.' || m.kind == ')' ? m.start == 1 : true);
}
static void heading(size_t level, Str text) {
    Buf id = { 0 };
    for (size_t i = 0; i < text.n; i++) {
        char c = lower(text.s[i]);
        if (is_word(c) || c == '-' || c == '_') append(&id, &c, 1); else if (c == ' ') append(&id, "-", 1);
    }
    unsigned copies = 0;
    for (size_t i = 0; i < slugs.n; i++) copies += same(slugs.v[i], (Str){ id.s, id.n });
    push(&slugs, (Str){ id.s, id.n });
    put("<h"), put_number((unsigned)level);
    if (id.n) {
        put(" id=\""), append(&out, id.s, id.n);
        if (copies) put("-"), put_number(copies);
        put("\"");
    }
    put(">"), spans(text, 0), put("</h"), put_number((unsigned)level), put(">\n");
}
static size_t fenced_code(const Str *l, size_t n) {
    size_t at = indent(l[0]), k = fence(l[0]), i = 1;
    Str info = trim(sub(l[0], at + k, l[0].n));
    size_t word = 0;
    while (word < info.n && !is_space(info.s[word])) word++;
    put("<pre><code");
    if (word) put(" class=\"language-"), escape_all(sub(info, 0, word)), put("\"");
    put(">");
    for (; i < n; i++) {
        size_t in = indent(l[i]), r = fence(l[i]);
        if (r >= k && l[i].s[in] == l[0].s[at] && blank(sub(l[i], in + r, l[i].n))) { i++; break; }
        escape_all(sub(l[i], in < at ? in : at, l[i].n)), put("\n");
    }
    put("</code></pre>\n");
    return i;
}
static size_t indented_code(const Str *l, size_t n) {
    size_t end = 0;
    for (size_t i = 0; i < n && (blank(l[i]) || indent(l[i]) >= 4); i++) if (!blank(l[i])) end = i + 1;
    put("<pre><code>");
    for (size_t i = 0; i < end; i++) escape_all(sub(l[i], 4, l[i].n)), put("\n");
    put("</code></pre>\n");
    return end;
}

/* ---- tables ---- */

/* The next cell of a row from `*i` on, or false at its end. */
static bool next_cell(Str row, size_t *i, Str *cell) {
    if (*i == 0 && row.n && *row.s == '|') *i = 1;
    if (*i >= row.n) return false;
    size_t j = *i;
    while (j < row.n && row.s[j] != '|') j += row.s[j] == '\\' && j + 1 < row.n ? 2 : 1;
    *cell = trim(sub(row, *i, j));
    *i = j + 1;
    return true;
}
static size_t columns(Str row) { size_t i = 0, n = 0; Str c; while (next_cell(trim(row), &i, &c)) n++; return n; }
static bool table_ruler(Str t) {
    t = trim(t);
    size_t i = 0;
    Str c;
    if (!memchr(t.s, '-', t.n) || (!memchr(t.s, '|', t.n) && !memchr(t.s, ':', t.n))) return false;
    while (next_cell(t, &i, &c)) {
        if (c.n && *c.s == ':') c = sub(c, 1, c.n);
        if (c.n && c.s[c.n - 1] == ':') c.n--;
        if (!c.n || *c.s != '-' || run(c, 0) != c.n) return false;
    }
    return true;
}
static void table_row(Str row, Str ruler, const char *tag) {
    size_t i = 0, j = 0;
    Str cell, mark;
    row = trim(row), ruler = trim(ruler);
    put("<tr>\n");
    while (next_cell(ruler, &j, &mark)) { /* as many cells as the ruler has */
        if (!next_cell(row, &i, &cell)) cell = (Str){ "", 0 };
        bool left = *mark.s == ':', right = mark.s[mark.n - 1] == ':';
        put("<"), put(tag);
        if (left || right) put(" align=\""), put(left && right ? "center" : left ? "left" : "right"), put("\"");
        put(">");
        Buf text = { 0 };
        for (size_t k = 0; k < cell.n; k++) {
            if (cell.s[k] == '\\' && k + 1 < cell.n && cell.s[k + 1] == '|') k++;
            append(&text, cell.s + k, 1);
        }
        spans((Str){ text.s, text.n }, 0);
        free(text.s);
        put("</"), put(tag), put(">\n");
    }
    put("</tr>\n");
}
static size_t table(const Str *l, size_t n) {
    size_t i = 2;
    put("<table>\n<thead>\n"), table_row(l[0], l[1], "th"), put("</thead>\n");
    if (n > 2 && !blank(l[2]) && !interrupts(l[2])) {
        put("<tbody>\n");
        for (; i < n && !blank(l[i]) && !interrupts(l[i]); i++) table_row(l[i], l[1], "td");
        put("</tbody>\n");
    }
    put("</table>\n");
    return i;
}

/* ---- containers ---- */

static void blocks(const Str *l, size_t n, bool tight, int depth);

static size_t quote(const Str *l, size_t n, int depth) {
    Lines in = { 0 };
    size_t i = 0;
    for (; i < n; i++) {
        size_t at = indent(l[i]);
        if (quoted(l[i])) push(&in, sub(l[i], at + 1 + (at + 1 < l[i].n && l[i].s[at + 1] == ' '), l[i].n));
        else if (blank(l[i]) || blank(in.v[in.n - 1]) || interrupts(l[i])) break;
        else push(&in, l[i]); /* a lazy continuation of the paragraph above */
    }
    put("<blockquote>\n"), blocks(in.v, in.n, false, depth + 1), put("</blockquote>\n");
    free(in.v);
    return i;
}
/* The lines of the list item that starts at l[0], its prefix stripped; `loose`: a blank line parts its blocks. */
static size_t item_lines(const Str *l, size_t n, const Marker *m, Lines *in, bool *loose) {
    Marker other;
    bool was_blank = false;
    size_t open = 0, base = in->n, i = 1;
    push(in, sub(l[0], m->width, l[0].n));
    for (; i < n; i++) {
        Str t = l[i];
        if (blank(t)) { was_blank = true; push(in, (Str){ t.s, 0 }); continue; }
        if (indent(t) >= m->width) t = sub(t, m->width, t.n);
        else if (was_blank || interrupts(t) || list_marker(t, &other)) break;
        size_t f = fence(t);
        if (f && (!open || f >= open)) open = open ? 0 : f;
        if (was_blank && !open && indent(t) == 0 && !list_marker(t, &other)) *loose = true;
        was_blank = false;
        push(in, t);
    }
    while (in->n > base + 1 && blank(in->v[in->n - 1])) in->n--;
    return i;
}
static size_t list(const Str *l, size_t n, int depth) {
    Marker first, m;
    list_marker(l[0], &first);
    bool ordered = first.kind == '.' || first.kind == ')', loose = false;
    Lines all = { 0 }, ends = { 0 }; /* every item's lines, one after the other; `ends` keeps the counts */
    size_t i = 0;
    while (i < n && list_marker(l[i], &m) && m.kind == first.kind && !rule(l[i])) {
        size_t used = item_lines(l + i, n - i, &m, &all, &loose);
        push(&ends, (Str){ "", all.n });
        i += used;
        if (i < n && blank(l[i - 1]) && list_marker(l[i], &m) && m.kind == first.kind) loose = true;
    }
    put(ordered ? "<ol" : "<ul");
    if (ordered && first.start != 1) put(" start=\""), put_number(first.start), put("\"");
    put(">\n");
    for (size_t k = 0, from = 0; k < ends.n; from = ends.v[k++].n) {
        Str *item = all.v + from;
        put("<li>");
        if (starts(*item, "[ ] ") || starts(*item, "[x] ")) {
            put(item->s[1] == ' ' ? "<input type=\"checkbox\" disabled /> " : "<input type=\"checkbox\" checked disabled /> ");
            *item = sub(*item, 4, item->n);
        }
        if (loose) put("\n");
        blocks(item, ends.v[k].n - from, !loose, depth + 1);
        put("</li>\n");
    }
    put(ordered ? "</ol>\n" : "</ul>\n");
    free(all.v), free(ends.v);
    return i;
}
/* A paragraph, or the heading that a line of = or - makes of it. */
static size_t paragraph(const Str *l, size_t n, bool tight) {
    Buf text = { 0 };
    size_t i = 0, level = 0;
    for (; i < n && !blank(l[i]); i++) {
        Str t = trim(l[i]);
        if (i && indent(l[i]) <= 3 && (*t.s == '=' || *t.s == '-') && run(t, 0) == t.n) { level = *t.s == '=' ? 1 : 2; i++; break; }
        if (i && interrupts(l[i])) break;
        append(&text, "\n", i != 0);
        append(&text, t.s, l[i].n - (size_t)(t.s - l[i].s)); /* spaces at the end may break the line */
    }
    Str all = trim((Str){ text.s, text.n });
    if (level) heading(level, all);
    else if (tight) { spans(all, 0); if (i < n) put("\n"); }
    else put("<p>"), spans(all, 0), put("</p>\n");
    free(text.s);
    return i;
}
static void blocks(const Str *l, size_t n, bool tight, int depth) {
    Marker m;
    for (size_t i = 0, k; i < n;) {
        Str t = l[i];
        if (blank(t)) i++;
        else if (depth > MAX_DEPTH) i += paragraph(l + i, n - i, tight);
        else if (indent(t) >= 4) i += indented_code(l + i, n - i);
        else if (fence(t)) i += fenced_code(l + i, n - i);
        else if ((k = heading_level(t))) {
            Str text = trim(sub(t, indent(t) + k, t.n)), body = text;
            while (body.n && body.s[body.n - 1] == '#') body.n--;
            heading(k, !body.n || body.s[body.n - 1] == ' ' ? trim(body) : text);
            i++;
        }
        else if (rule(t)) put("<hr />\n"), i++;
        else if (quoted(t)) i += quote(l + i, n - i, depth);
        else if (list_marker(t, &m)) i += list(l + i, n - i, depth);
        else if (i + 1 < n && table_ruler(l[i + 1]) && columns(t) == columns(l[i + 1])) i += table(l + i, n - i);
        else i += paragraph(l + i, n - i, tight);
    }
}

/* ---- the document ---- */

/* Takes `[label]: url "title"` lines out of the text: links by reference may stand before them. */
static void collect_refs(Lines *l) {
    bool code = false;
    for (size_t i = 0; i < l->n; i++) {
        Str t = trim(l->v[i]), in;
        if (fence(l->v[i])) code = !code;
        if (code || indent(l->v[i]) > 3 || !t.n || *t.s != '[') continue;
        size_t e = bracket_end(t, 0, '[', ']');
        if (e < 2 || e + 2 >= t.n || t.s[e + 1] != ':') continue;
        in = trim(sub(t, e + 2, t.n));
        size_t u = 0;
        while (u < in.n && !is_space(in.s[u])) u++;
        Str title = trim(sub(in, u, in.n)), url = sub(in, 0, u);
        if (title.n && (title.n < 2 || !strchr("\"'(", *title.s))) continue;
        if (url.n > 1 && *url.s == '<') url = sub(url, 1, url.n - 1);
        refs.v = grow(refs.v, refs.n + 1, &refs.cap, sizeof *refs.v);
        refs.v[refs.n++] = (Ref){ sub(t, 1, e), url, title.n ? sub(title, 1, title.n - 1) : title };
        l->v[i].n = 0;
    }
}
static Buf read_all(FILE *f) {
    Buf b = { 0 };
    char chunk[4096];
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;) append(&b, chunk, n);
    return b;
}
/* Tabs before the text become spaces up to the next multiple of four; line ends lose their carriage return. */
static Buf normalize(Buf in) {
    Buf b = { 0 };
    bool text = false;
    for (size_t i = 0, column = 0; i < in.n; i++, column++) {
        char c = in.s[i];
        if (c == '\r' && (i + 1 == in.n || in.s[i + 1] == '\n')) continue;
        if (c == '\t' && !text) { append(&b, "    ", 4 - column % 4); column |= 3; continue; }
        append(&b, &c, 1);
        text = c != '\n' && (text || c != ' ');
        if (c == '\n') column = (size_t)-1;
    }
    return b;
}
int main(int argc, char **argv) {
    bool page = argc > 1 && !strcmp(argv[1], "--page");
    const char *name = argc > 1 + page ? argv[1 + page] : NULL;
    FILE *f = name ? fopen(name, "rb") : stdin;
    if (!f) { fputs("md2html: cannot open ", stderr), fputs(name, stderr), fputs("\n", stderr); return 66; }
    Buf text = normalize(read_all(f));
    Lines lines = { 0 };
    for (size_t i = 0; i < text.n;) {
        const char *e = memchr(text.s + i, '\n', text.n - i);
        size_t end = e ? (size_t)(e - text.s) : text.n;
        push(&lines, (Str){ text.s + i, end - i });
        i = end + 1;
    }
    collect_refs(&lines);
    if (page) put("<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\" /><title>"), escape_all(name ? (Str){ name, strlen(name) } : (Str){ "-", 1 }), put("</title></head>\n<body>\n");
    blocks(lines.v, lines.n, false, 0);
    if (page) put("</body>\n</html>\n");
    return fwrite(out.s, 1, out.n, stdout) == out.n && fflush(stdout) == 0 ? 0 : 74;
}
