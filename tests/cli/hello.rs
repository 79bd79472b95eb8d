//! The whole application of the manual's front page, as its user writes it.

use tasker::{Context, State, task};

/// Greet somebody.
///
/// The first paragraph is the title everywhere; the rest is the description.
#[task(alias = "hello", schedule = "daily 12:00", tz = "Europe/London")]
async fn hello(
    /// Whom to greet.
    #[param(default = "World")]
    name: String,
    /// How many times.
    #[param(default = 1, short = 'n')]
    times: u32,
) -> anyhow::Result<String> {
    Ok(format!("Hello {name}! ").repeat(times as usize))
}

struct Mailer {
    from: String,
}

impl Mailer {
    fn from_env() -> Result<Self, std::env::VarError> {
        let from = std::env::var("MAIL_FROM")?;
        Ok(Self { from })
    }
}

/// Send one e-mail.
#[task(
    queue = "mail",
    max_attempts = 5,
    backoff = "exponential 1s..10m",
    timeout = "30s"
)]
async fn send_mail(ctx: Context, mailer: State<Mailer>, to: String) -> anyhow::Result<()> {
    ctx.progress(1, 2);
    ctx.info(format!("from {} to {to}", mailer.from));
    Ok(())
}

#[tasker::main]
async fn main(app: tasker::App) -> anyhow::Result<()> {
    app.state_with(|| async { Mailer::from_env() })
        .run()
        .await?;
    Ok(())
}
