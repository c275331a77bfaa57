using System.Collections;
using Engine.Hosting.Logging;
using Npgsql;

namespace Engine.Hosting.CommandLine;

/// <summary>Puts a failure that no command foresaw into words: the database's by kind, every other by its own message.</summary>
public static class Unexpected
{
    const string Debug = "ENGINE_DEBUG";

    /// <param name="environment">With <c>ENGINE_DEBUG=1</c> the message holds the stack trace too.</param>
    /// <returns>Without secrets of a known shape.</returns>
    public static (string Message, string Remedy) Explain(Exception failure, IDictionary environment)
    {
        var isDebugging = environment[Debug] is "1";
        var (message, remedy) = failure switch
        {
            PostgresException { SqlState: PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.UndefinedFunction } e =>
                ($"The database's schema is not this engine's: {e.MessageText}.", "bring it up to date: `engine migrate`."),
            PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } e =>
                ($"The database's login lacks a right: {e.MessageText}.", "`engine doctor` says which grant is missing."),
            PostgresException e => ($"The database refuses: {e.MessageText} (SQLSTATE {e.SqlState}).", "`engine doctor` checks the database; its server's log tells more."),
            NpgsqlException e => ($"The database cannot be reached or was lost: {e.InnerException?.Message ?? e.Message}",
                "see that PostgreSQL runs, then try again; `engine doctor` checks it."),
            _ => ($"Unexpectedly failed: {failure.Message} ({failure.GetType().Name})",
                isDebugging ? "please report this, with what stands above." : $"try `engine doctor`; to report it, run it again with {Debug}=1, which adds the details."),
        };
        return (SecretRedaction.Redact(isDebugging ? $"{message}\n{failure}" : message), remedy);
    }
}
