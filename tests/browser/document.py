"""A page as a browser reads it, without a browser."""

import html.parser


class Document(html.parser.HTMLParser):
    """What a browser finds: elements with their attributes, the text of each, table rows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.text = ""
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._open = tag
        if tag == "script":
            self.scripts.append("")
        elif tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        if tag in ("script", "style", "table"):
            self._open = ""

    def handle_data(self, data):
        if self._open == "script":
            self.scripts[-1] += data
        elif self._open != "style":
            self.text += data
            if self.tables and self.tables[-1] and self.tables[-1][-1] and self._open:
                self.tables[-1][-1][-1] += data

    def table(self, first: str) -> list[list[str]]:
        """The rows of the table whose first column is named so, without its head."""
        found = next(rows for rows in self.tables if rows[0][0] == first)[1:]
        return [[cell.strip() for cell in row] for row in found]
