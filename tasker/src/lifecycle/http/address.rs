//! Where a server listens: the address as given, its port perhaps from the environment.

use std::ffi::OsString;

use tokio::net::TcpListener;

use crate::error::{Error, Result};

/// `address`, its port replaced by that of the first of `keys` for which `variable` gives something.
pub(super) fn with_port(
    address: &str,
    keys: &[String],
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<String> {
    let set = |key: &String| Some((key.clone(), variable(key).filter(|text| !text.is_empty())?));
    let Some((key, text)) = keys.iter().find_map(set) else {
        return Ok(address.to_owned());
    };
    let text = text.to_string_lossy();
    let port: u16 = text.parse().map_err(|_| {
        Error::Setup(format!(
            "`{key}` is `{text}`, which is no port: give a number from 0 to 65535"
        ))
    })?;
    let host = match address.rsplit_once(':') {
        // A colon within brackets is one of an IPv6 address.
        Some((host, after)) if !after.contains(']') => host,
        _ => address,
    };
    Ok(format!("{host}:{port}"))
}

/// Listens there; without a host, on every address of this machine.
pub(super) async fn bind(address: &str) -> Result<TcpListener> {
    let bound = match address.strip_prefix(':') {
        None => TcpListener::bind(address).await,
        Some(port) => match TcpListener::bind(format!("[::]:{port}")).await {
            Ok(listener) => Ok(listener),
            // There are machines without IPv6.
            Err(_) => TcpListener::bind(format!("0.0.0.0:{port}")).await,
        },
    };
    bound.map_err(|error| Error::Setup(format!("cannot listen on `{address}`: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ported(address: &str, keys: &[&str], set: &[(&str, &str)]) -> Result<String> {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        with_port(address, &keys, |key| {
            let found = set.iter().find(|(name, _)| *name == key);
            found.map(|(_, value)| value.into())
        })
    }

    /// F-43.
    #[test]
    fn the_port_is_that_of_the_environment_and_the_host_stays() {
        let set = [("PORT", "58080")];
        for (address, keys, wanted) in [
            (":8080", &["PORT"][..], ":58080"),
            ("127.0.0.1:8080", &["PORT"], "127.0.0.1:58080"),
            ("localhost", &["PORT"], "localhost:58080"),
            ("[::1]:8080", &["PORT"], "[::1]:58080"),
            ("[::1]", &["PORT"], "[::1]:58080"),
            (":8080", &["PORT2", "PORT"], ":58080"),
            (":8080", &["PORT2"], ":8080"),
            (":8080", &[], ":8080"),
        ] {
            assert_eq!(ported(address, keys, &set).unwrap(), wanted, "{address}");
        }
    }

    #[test]
    fn the_first_key_wins_and_an_empty_one_is_not_set() {
        let set = [("A", ""), ("B", "1"), ("C", "2")];
        assert_eq!(ported(":0", &["A", "B", "C"], &set).unwrap(), ":1");
    }

    #[test]
    fn what_is_no_port_is_told_with_its_key() {
        for wrong in ["http", "-1", "65536", "80 "] {
            let error = ported(":8080", &["PORT"], &[("PORT", wrong)]).unwrap_err();
            let told = error.to_string();
            assert!(told.contains("`PORT`") && told.contains(wrong), "{told}");
        }
    }

    #[tokio::test]
    async fn an_address_that_is_taken_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let error = bind(&address).await.unwrap_err();
        assert!(error.to_string().contains(&address), "{error}");
    }
}
