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

/// The first paragraph in one line, without a full stop at its end; and the rest.
pub(crate) fn split(text: &str) -> (String, String) {
    let (first, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut title = first.split_whitespace().collect::<Vec<_>>().join(" ");
    if title.ends_with('.') && !title.ends_with("..") {
        title.pop();
    }
    (title, rest.trim().to_owned())
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
    fn dots_of_an_ellipsis_stay() {
        assert_eq!(split("Wait...").0, "Wait...");
        assert_eq!(split("").0, "");
    }
}
