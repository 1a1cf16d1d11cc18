//! The one thing that the service's own reader refuses before ours may.

/// What the service says to an `include` statement, if there is one outside comments and strings.
pub(super) fn refusal(source: &str) -> Option<String> {
    let bytes = source.as_bytes();
    let (mut at, mut begins) = (0, true);
    while at < bytes.len() {
        match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at = source[at..].find('\n').map_or(bytes.len(), |n| at + n);
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at = source[at + 2..].find("*/").map_or(bytes.len(), |n| at + n + 4);
            }
            b'"' => {
                at = source[at + 1..].find('"').map_or(bytes.len(), |n| at + n + 2);
                begins = false;
            }
            b';' | b'{' | b'}' => {
                (at, begins) = (at + 1, true);
            }
            c if c.is_ascii_whitespace() => at += 1,
            _ => {
                if begins && let Some(quote) = quote_of_include(&source[at..]) {
                    return Some(at_place(source, at + quote));
                }
                (at, begins) = (at + source[at..].chars().next().map_or(1, char::len_utf8), false);
            }
        }
    }
    None
}

fn quote_of_include(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("include")?;
    let space = rest.len() - rest.trim_start().len();
    rest.trim_start().starts_with('"').then_some("include".len() + space)
}

fn at_place(source: &str, offset: usize) -> String {
    let before = &source[..offset];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
    format!("No terminal matches '\"' in the current parser context, at line {line} col {column}.")
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn an_include_is_refused_at_its_quote() {
        let said = refusal("OPENQASM 3.0;\n        include \"stdgates.inc\";\n");
        assert!(said.is_some_and(|s| s.ends_with("at line 2 col 17.")));
    }

    #[test]
    fn words_that_look_like_one_are_not() {
        for source in [
            "// please include \"x\"\nqubit q;",
            "/* include \"x\"; */ qubit q;",
            "qubit include_me;",
            "qubit[1] q; x q[0]; // include \"é\"",
            "include",
            "/*",
            "\"",
        ] {
            assert_eq!(refusal(source), None, "{source}");
        }
    }
}
