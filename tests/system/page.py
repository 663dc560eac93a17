"""What must hold of a page of the portal: every element is closed, one title, one h1, a language, no script, no style or handler
of its own, links that lead somewhere with words, tables with headings, no id twice. Prints what is wrong."""
import html.parser
import sys

VOID = {"meta", "link", "br", "hr", "img", "input"}
wrong = []


class Page(html.parser.HTMLParser):
    open, seen, ids, headings, words = [], {}, set(), [], None

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.seen[tag] = self.seen.get(tag, 0) + 1
        for name in attributes:
            if name.startswith("on") or name == "style":
                wrong.append(f"{tag}: {name}")
        if tag in ("script", "style", "iframe", "form"):
            wrong.append(tag)
        if tag == "html" and not attributes.get("lang"):
            wrong.append("no language")
        if tag == "img" and "alt" not in attributes:
            wrong.append("an image without words")
        if tag == "th" and attributes.get("scope") not in ("row", "col"):
            wrong.append("a heading of a table without scope")
        if tag == "a":
            self.words = ""
            if not attributes.get("href"):
                wrong.append("a link to nowhere")
        if tag in ("h1", "h2", "h3"):
            self.headings.append(int(tag[1]))
        if attributes.get("id") in self.ids:
            wrong.append("an id twice")
        self.ids.add(attributes.get("id", object()))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            wrong.append(f"</{tag}> closes nothing")
        if tag == "a" and not self.words.strip():
            wrong.append("a link without words")

    def handle_data(self, data):
        if self.words is not None:
            self.words += data


page = Page()
page.feed(open(sys.argv[1], encoding="utf-8").read())
page.close()
if page.open:
    wrong.append("open: " + " ".join(page.open))
for tag in ("title", "h1", "main", "nav", "header", "footer"):
    if page.seen.get(tag) != 1:
        wrong.append(f"{page.seen.get(tag, 0)} of {tag}")
if any(b - a > 1 for a, b in zip(page.headings, page.headings[1:])):
    wrong.append("headings leave out a level")
print("\n".join(wrong))
sys.exit(bool(wrong))
