//! The program `pkg`.

fn main() -> std::process::ExitCode {
    cli::main()
}
