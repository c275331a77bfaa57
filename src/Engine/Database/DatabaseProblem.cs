using System.Net.Sockets;
using Engine.Hosting;
using Npgsql;

namespace Engine.Database;

/// <summary>Says in a sentence why a database could not be used, and what to do; never shows a password.</summary>
public static class DatabaseProblem
{
    /// <param name="setting">The variable that the connection string came from.</param>
    /// <returns>Null when the exception says nothing about the database's set-up.</returns>
    public static StartupException? Of(Exception exception, string connectionString, string setting = "ENGINE__DATABASE__CONNECTIONSTRING")
    {
        var parts = new NpgsqlConnectionStringBuilder(connectionString);
        var (where, user) = ($"{parts.Host}:{parts.Port}", parts.Username ?? "(none)");
        return exception switch
        {
            PostgresException { SqlState: PostgresErrorCodes.InvalidPassword } => new StartupException(
                $"PostgreSQL at {where} refuses the password of user {user}.",
                $"correct the password in {setting}, or give the role that one: alter role {user} password '…'", exception),
            PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification } e => new StartupException(
                $"PostgreSQL at {where} does not let user {user} in: {e.MessageText}.",
                $"create the login or allow it in pg_hba.conf, or name another in {setting}.", exception),
            PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } => new StartupException(
                $"PostgreSQL at {where} has no database {parts.Database}.",
                $"create it (createdb -h {parts.Host} -p {parts.Port} {parts.Database}), or name another in {setting}.", exception),
            PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } e => new StartupException(
                $"User {user} at {where} lacks a right: {e.MessageText}.",
                "run `engine migrate` with the login that owns the schema, or grant the role engine to this login.", exception),
            PostgresException { SqlState: PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.TooManyConnections } e => new StartupException(
                $"PostgreSQL at {where} takes no connection now: {e.MessageText}.", "wait until it is up, or raise its max_connections.", exception),
            NpgsqlException { InnerException: SocketException or TimeoutException or IOException } e => new StartupException(
                $"No PostgreSQL answers at {where}: {e.InnerException?.Message.TrimEnd('.')}.",
                $"start it there, open the way to it, or name the right host and port in {setting}.", exception),
            SocketException e => new StartupException(
                $"No PostgreSQL answers at {where}: {e.Message.TrimEnd('.')}.", $"name the right host in {setting}.", exception),
            _ => null,
        };
    }
}
