namespace Engine.Database;

/// <summary>
/// What every session of the engine asks of the server: to end it soon when its peer is gone or hangs. Until then its rows stay locked,
/// and whoever passes over locked rows passes over its tasks.
/// </summary>
static class SessionOptions
{
    /// <summary>The server notices a dead peer within seconds.</summary>
    const string Peer = "-c tcp_user_timeout=10000 -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3";

    // What the engine does at most within a transaction and outside its session: it waits 5 s for another connection and 30 s for a statement there.
    const string LeftAlone = "-c idle_in_transaction_session_timeout=45000";

    /// <param name="own">Of the connection string: they come last, which wins.</param>
    public static string Before(string? own) => $"{Peer} {LeftAlone} {own}".TrimEnd();
}
