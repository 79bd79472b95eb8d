//! Serde derives are needed for nested types only.

#[derive(serde::Serialize, serde::Deserialize)]
struct Address {
    street: String,
}

#[tasker::task]
async fn hello(address: Address, #[param(default = 3)] times: u8) -> Result<String, std::io::Error> {
    Ok(address.street.repeat(times.into()))
}

fn main() {
    let _inert = Hello::enqueue(HelloParams::new(Address {
        street: "Main Street".into(),
    }));
}
