#[derive(serde::Serialize, serde::Deserialize)]
struct Order;

#[tasker::task]
async fn order(order: Order) {
    let _ = order;
}

fn main() {}
