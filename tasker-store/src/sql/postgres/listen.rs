//! News from other processes.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::sql::postgres::Address;
use crate::sql::writer::Desk;

/// What notices that other processes wrote, for as long as somebody listens.
pub(crate) fn listen(address: &Address, desk: &Arc<Desk>) -> Option<BoxFuture<'static, ()>> {
    let _ = (address.options(), desk, address.poll_only);
    None
}
