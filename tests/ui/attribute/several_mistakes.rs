#[tasker::task(alais = "x", priority, schedule = "dayly 12:00", tz = "Europe/Londn")]
async fn hello<T>(&self, (a, b): (u8, u8), #[param(shrot = 'n')] times: u32) -> String {
    String::new()
}

async fn elsewhere() {
    let _inert = Hello::enqueue(Hello::params(3));
}

fn main() {}
