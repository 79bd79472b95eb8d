//! What handlers of the web take as arguments: their [`Shutdown`], and the application's [`State`].

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

use crate::lifecycle::Shutdown;
use crate::task::State;

/// The request's own: it fires when the server's grace time is over.
impl<S: Sync> FromRequestParts<S> for Shutdown {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Shutdown::current())
    }
}

/// The value of the application; status 500, and a line in the log, where there is none.
impl<S: Sync, T: ?Sized + Send + Sync + 'static> FromRequestParts<S> for State<T> {
    type Rejection = StatusCode;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        Shutdown::current().state().await.map_err(|error| {
            tracing::error!(target: "tasker", %error, "a handler has no state");
            StatusCode::INTERNAL_SERVER_ERROR
        })
    }
}
