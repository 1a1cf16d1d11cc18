//! Pages as HTML, Markdown and JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Page, Part, escape};

/// One style for screen, dark screens, narrow screens and paper; nothing is loaded from elsewhere.
const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1d2433;--dim:#5b6577;--paper:#fff;--soft:#f3f5f9;--rule:#d9dee8;
--c0:#2457c5;--c1:#c2410c;--c2:#15803d;--c3:#9333ea;--c4:#0e7490;--c5:#be123c}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9f0;--dim:#9aa5b8;--paper:#12161f;--soft:#1b2130;--rule:#323a4c;
--c0:#7aa2ff;--c1:#fb923c;--c2:#4ade80;--c3:#c084fc;--c4:#22d3ee;--c5:#fb7185}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:820px;margin:0 auto;padding:24px 16px 64px}h1{font-size:1.7rem;line-height:1.2}h2{font-size:1.2rem;margin:2.2em 0 .5em}
p{max-width:70ch}.verdict{border-left:4px solid var(--c1);background:var(--soft);padding:10px 14px}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{padding:5px 10px 5px 0;border-bottom:1px solid var(--rule);text-align:left;vertical-align:top}
th{color:var(--dim);font-weight:600}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}th.n{white-space:normal}td:first-child{min-width:9em}
figure{margin:1em 0}figcaption{color:var(--dim);font-size:.9rem}svg{width:100%;height:auto;display:block}
svg text{fill:var(--dim);font:12px system-ui,sans-serif}svg .axis{fill:var(--ink)}.grid{stroke:var(--rule)}
.mark{stroke:var(--ink);stroke-dasharray:2 3}.line{fill:none;stroke-width:2}.band{opacity:.18;stroke:none}
.line.dashed{stroke-dasharray:6 4}.legend{list-style:none;padding:0;margin:.3em 0;display:flex;flex-wrap:wrap;gap:4px 18px;font-size:.9rem}
.legend li::before{content:'';display:inline-block;width:18px;height:0;margin-right:6px;vertical-align:middle;border-top:3px solid}
.legend .dashed::before{border-top-style:dashed}
.line.c0{stroke:var(--c0)}.line.c1{stroke:var(--c1)}.line.c2{stroke:var(--c2)}.line.c3{stroke:var(--c3)}.line.c4{stroke:var(--c4)}.line.c5{stroke:var(--c5)}
.band.c0,.dot.c0{fill:var(--c0)}.band.c1,.dot.c1{fill:var(--c1)}.band.c2,.dot.c2{fill:var(--c2)}.band.c3,.dot.c3{fill:var(--c3)}.band.c4,.dot.c4{fill:var(--c4)}.band.c5,.dot.c5{fill:var(--c5)}
.legend .c0::before{color:var(--c0)}.legend .c1::before{color:var(--c1)}.legend .c2::before{color:var(--c2)}.legend .c3::before{color:var(--c3)}.legend .c4::before{color:var(--c4)}.legend .c5::before{color:var(--c5)}
@media print{:root{--ink:#000;--dim:#444;--paper:#fff;--soft:#fff;--rule:#bbb}main{max-width:none;padding:0}figure,tr,.verdict{break-inside:avoid}h2{break-after:avoid}body{font-size:11pt}rect{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
";

impl Page {
    /// A page that stands alone.
    pub fn html(&self) -> String {
        let title = escape(&self.title);
        let mut out = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width,initial-scale=1\"><title>{title}</title><style>{STYLE}</style></head>\n\
             <body><main><h1>{title}</h1>\n"
        );
        for part in &self.parts {
            match part {
                Part::Heading(text) => {
                    let _ = writeln!(out, "<h2>{}</h2>", escape(text));
                }
                Part::Text(text) => {
                    let _ = writeln!(out, "<p>{}</p>", escape(text));
                }
                Part::Verdict(text) => {
                    let _ = writeln!(out, "<p class=\"verdict\">{}</p>", escape(text));
                }
                Part::Table(head, rows, right) => {
                    let class = |at: usize| if right.contains(&at) { " class=\"n\"" } else { "" };
                    out.push_str("<div class=\"wide\"><table><thead><tr>");
                    for (at, cell) in head.iter().enumerate() {
                        let _ = write!(out, "<th{}>{}</th>", class(at), escape(cell));
                    }
                    out.push_str("</tr></thead><tbody>");
                    for row in rows {
                        out.push_str("<tr>");
                        for (at, cell) in row.iter().enumerate() {
                            let _ = write!(out, "<td{}>{}</td>", class(at), escape(cell));
                        }
                        out.push_str("</tr>");
                    }
                    out.push_str("</tbody></table></div>\n");
                }
                Part::Figure(chart, caption) => figure(&chart.svg(), &chart.title, caption, &mut out),
                Part::Bars(bars, caption) => figure(&bars.svg(), &bars.title, caption, &mut out),
            }
        }
        out + "</main></body></html>\n"
    }

    /// The same without pictures.
    pub fn markdown(&self) -> String {
        let mut out = format!("# {}\n\n", self.title);
        let cell = |text: &String| text.replace('|', "\\|").replace('\n', " ");
        for part in &self.parts {
            match part {
                Part::Heading(text) => {
                    let _ = write!(out, "## {text}\n\n");
                }
                Part::Text(text) => {
                    let _ = write!(out, "{text}\n\n");
                }
                Part::Verdict(text) => {
                    let _ = write!(out, "> **{text}**\n\n");
                }
                Part::Table(head, rows, right) => {
                    let line = |cells: &[String]| {
                        format!("| {} |\n", cells.iter().map(cell).collect::<Vec<_>>().join(" | "))
                    };
                    out.push_str(&line(head));
                    let rule = (0..head.len()).map(|at| if right.contains(&at) { "---:" } else { "---" });
                    let _ = writeln!(out, "| {} |", rule.collect::<Vec<_>>().join(" | "));
                    rows.iter().for_each(|row| out.push_str(&line(row)));
                    out.push('\n');
                }
                Part::Bars(bars, caption) => {
                    let _ = write!(out, "*{}.* {caption}\n\n", bars.title);
                    for bar in &bars.bars {
                        let _ = writeln!(out, "- {}: {}", bar.name, bar.words);
                    }
                    out.push('\n');
                }
                Part::Figure(chart, caption) => {
                    let _ = write!(out, "*{}.* {caption}\n\n", chart.title);
                    for line in &chart.lines {
                        if let Some(last) = line.points.last() {
                            let _ = writeln!(out, "- {}: ends at ({}, {})", line.name, last.0, last.1);
                        }
                    }
                    out.push('\n');
                }
            }
        }
        out
    }

    /// The same for programs; figures as their numbers.
    pub fn json(&self) -> Value {
        let parts: Vec<Value> = self
            .parts
            .iter()
            .map(|part| match part {
                Part::Heading(text) => json!({"kind": "heading", "text": text}),
                Part::Text(text) => json!({"kind": "text", "text": text}),
                Part::Verdict(text) => json!({"kind": "verdict", "text": text}),
                Part::Table(head, rows, _) => json!({"kind": "table", "head": head, "rows": rows}),
                Part::Bars(bars, caption) => json!({"kind": "bars", "title": bars.title, "caption": caption,
                    "bars": bars.bars.iter().map(|b| json!({"name": b.name, "figures": b.words}))
                        .collect::<Vec<_>>()}),
                Part::Figure(chart, caption) => json!({"kind": "figure", "title": chart.title, "x": chart.x,
                    "y": chart.y, "caption": caption,
                    "lines": chart.lines.iter().map(|l| json!({"name": l.name, "points": l.points, "band": l.band}))
                        .collect::<Vec<_>>(),
                    "marks": chart.marks}),
            })
            .collect();
        json!({"schema": "shotbook.report/1", "title": self.title, "parts": parts})
    }
}

fn figure(svg: &str, title: &str, caption: &str, out: &mut String) {
    let (title, caption) = (escape(title), escape(caption));
    let _ = writeln!(out, "<figure>{svg}<figcaption><b>{title}.</b> {caption}</figcaption></figure>");
}

#[cfg(test)]
mod tests {
    use super::super::{Chart, Line, Page};

    #[test]
    fn a_page_says_the_same_in_three_forms() {
        let mut page = Page::new("A <b> page");
        page.heading("Money");
        page.verdict("no advantage shown");
        page.table(&["what", "USD"], &[1], vec![vec!["fees | shots".to_owned(), "0.30".to_owned()]]);
        let line = Line { name: "loss".to_owned(), points: vec![(0.0, 1.0), (1.0, 0.5)], ..Line::default() };
        page.figure(Chart { title: "Loss".to_owned(), lines: vec![line], ..Chart::default() }, "by shots");
        let html = page.html();
        assert!(
            html.contains("A &lt;b&gt; page")
                && html.contains("<svg")
                && !html.contains("http://www.w3.org/1999")
        );
        for outside in ["src=", "href=", "@import", "url("] {
            assert!(!html.contains(outside), "nothing is loaded: {outside}");
        }
        let markdown = page.markdown();
        assert!(
            markdown.contains("| fees \\| shots | 0.30 |") && markdown.contains("| --- | ---: |"),
            "{markdown}"
        );
        assert_eq!(page.json()["parts"][2]["rows"][0][1], "0.30");
    }
}
