//! How names are made from names.

use quote::format_ident;
use syn::Ident;
use syn::ext::IdentExt;

/// The alias of a function, or the flag of a parameter: `send_mail` is `send-mail`, `SendMail` too.
pub(crate) fn kebab(ident: &Ident) -> String {
    let mut text = String::new();
    for c in ident.unraw().to_string().chars() {
        if c == '_' {
            if !text.is_empty() && !text.ends_with('-') {
                text.push('-');
            }
        } else if c.is_uppercase() {
            if !text.is_empty() && !text.ends_with('-') {
                text.push('-');
            }
            text.extend(c.to_lowercase());
        } else {
            text.push(c);
        }
    }
    text.trim_end_matches('-').to_owned()
}

/// The type of a function: `send_mail` is `SendMail`. `None` where no type can have that name.
pub(crate) fn pascal(ident: &Ident) -> Option<Ident> {
    let mut text = String::new();
    for word in ident.unraw().to_string().split('_') {
        let mut chars = word.chars();
        text.extend(chars.next().into_iter().flat_map(char::to_uppercase));
        text.extend(chars);
    }
    let name: Ident = syn::parse_str(&text).ok()?;
    Some(Ident::new(&name.to_string(), ident.span()))
}

/// The name of a parameter in JSON: without `r#`, and without the `_` that says it is unused.
pub(crate) fn param(ident: &Ident) -> Ident {
    let plain = ident.unraw().to_string();
    let name = plain.trim_start_matches('_');
    let kept = name == plain || !name.starts_with(|c: char| c.is_alphabetic());
    let mut made: Ident = match kept {
        true => ident.clone(),
        false => syn::parse_str(name).unwrap_or_else(|_| format_ident!("r#{name}")),
    };
    made.set_span(ident.span());
    made
}

/// Whether the params have a function of this name, so that no parameter can.
pub(crate) fn is_reserved(ident: &Ident) -> bool {
    ["new", "enqueue", "default"]
        .iter()
        .any(|name| ident == name)
}

/// What a function does, from its name: `send_mail` is `Send mail`.
pub(crate) fn sentence(ident: &Ident) -> String {
    let words = kebab(ident).replace('-', " ");
    let mut chars = words.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ident(text: &str) -> Ident {
        syn::parse_str(text).expect("a name")
    }

    #[test]
    fn names_follow_their_function() {
        let name = ident("send_mail");
        assert_eq!(kebab(&name), "send-mail");
        assert_eq!(pascal(&name).expect("a name"), "SendMail");
        assert_eq!(sentence(&name), "Send mail");
        assert_eq!(kebab(&ident("SendMail")), "send-mail");
        assert_eq!(kebab(&ident("_internal__x")), "internal-x");
        assert_eq!(pascal(&ident("r#type")).expect("a name"), "Type");
        assert!(pascal(&ident("_1")).is_none());
        assert!(pascal(&ident("r#self_")).is_none());
    }

    #[test]
    fn an_unused_parameter_keeps_its_name_without_the_underscore() {
        assert_eq!(param(&ident("_name")), "name");
        assert_eq!(param(&ident("_type")), ident("r#type"));
        assert_eq!(param(&ident("r#type")), ident("r#type"));
    }
}
