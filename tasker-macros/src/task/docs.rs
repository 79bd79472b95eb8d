//! Documentation comments as text: the first paragraph is the title, the rest the description.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// Whether this is a documentation comment.
pub(crate) fn is_doc(attribute: &Attribute) -> bool {
    attribute.path().is_ident("doc")
}

/// The text of the documentation comments among `attributes`, without the space each line starts with.
pub(crate) fn text(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes.iter().filter(|attribute| is_doc(attribute)) {
        let Meta::NameValue(meta) = &attribute.meta else {
            continue;
        };
        if let Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) = &meta.value
        {
            let text = text.value();
            lines.extend(
                text.lines()
                    .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()),
            );
            if text.is_empty() {
                lines.push(String::new());
            }
        }
    }
    lines.join("\n").trim().to_owned()
}

/// `text` with each paragraph in one line, as whoever shows it wraps it anew. Lines that are laid out on purpose
/// (lists, tables, headings, code) stay as they are.
pub(crate) fn reflow(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut code = false;
    let mut open = false;
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        let laid_out = code || fence || line.is_empty() || is_laid_out(line);
        match lines.last_mut() {
            Some(last) if open && !laid_out => {
                last.push(' ');
                last.push_str(line);
            }
            _ => lines.push(line.to_owned()),
        }
        code ^= fence;
        open = !laid_out;
    }
    lines.join("\n")
}

fn is_laid_out(line: &str) -> bool {
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    line.starts_with([' ', '\t', '-', '*', '+', '|', '#', '>'])
        || (number.len() < line.len() && number.starts_with(['.', ')']))
}

/// The first paragraph in one line, without a full stop at its end; and the rest.
pub(crate) fn split(text: &str) -> (String, String) {
    let (first, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut title = first.split_whitespace().collect::<Vec<_>>().join(" ");
    if title.ends_with('.') && !title.ends_with("..") {
        title.pop();
    }
    (title, reflow(rest.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn the_first_paragraph_is_the_title() {
        let function: syn::ItemFn = parse_quote! {
            /// Greet somebody,
            /// warmly.
            ///
            /// At length:
            ///
            ///   indented
            fn hello() {}
        };
        let text = text(&function.attrs);
        assert_eq!(
            split(&text),
            (
                "Greet somebody, warmly".to_owned(),
                "At length:\n\n  indented".to_owned()
            )
        );
    }

    #[test]
    fn paragraphs_are_joined_and_what_is_laid_out_stays() {
        let text =
            "One,\ntwo.\n\n- a\n- b\n1. c\nThree,\nfour.\n```\nlet x;\nlet y;\n```\nfive\nsix";
        let joined =
            "One, two.\n\n- a\n- b\n1. c\nThree, four.\n```\nlet x;\nlet y;\n```\nfive six";
        assert_eq!(reflow(text), joined);
    }

    #[test]
    fn dots_of_an_ellipsis_stay() {
        assert_eq!(split("Wait...").0, "Wait...");
        assert_eq!(split("").0, "");
    }
}
