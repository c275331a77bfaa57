using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Engine.Faults;

/// <summary>What a failure means for whoever must decide what follows.</summary>
public enum FaultKind
{
    /// <summary>Our own token fired: nothing failed.</summary>
    Cancelled,

    /// <summary>Goes away by itself: timeouts, lost connections, deadlocks, 429 and 5xx.</summary>
    Transient,

    /// <summary>Will fail again in the same way: bad credentials, other 4xx, an unreadable reply.</summary>
    Permanent,

    /// <summary>Everything else: a person must look.</summary>
    Bug,
}

/// <summary>Sorts exceptions into kinds, at the outermost edge only: a loop, a job, the HTTP error handler.</summary>
public static class Fault
{
    public static FaultKind Of(Exception exception, CancellationToken ct) => exception switch
    {
        OperationCanceledException when ct.IsCancellationRequested => FaultKind.Cancelled,
        OperationCanceledException or TimeoutException => FaultKind.Transient, // somebody else's time ran out
        AggregateException { InnerExceptions: [var only] } => Of(only, ct),
        PostgresException e => e.IsTransient || OfSqlState(e.SqlState) ? FaultKind.Transient : OfPermanentSqlState(e.SqlState),
        NpgsqlException e => e.IsTransient || e.InnerException is IOException or SocketException or TimeoutException or null
            ? FaultKind.Transient : Of(e.InnerException, ct),
        HttpRequestException { StatusCode: { } status } => OfStatus(status),
        HttpRequestException or SocketException => FaultKind.Transient,
        IOException { InnerException: SocketException } => FaultKind.Transient,
        _ => FaultKind.Bug,
    };

    /// <summary>
    /// Whether the connection to the database was lost or refused, as opposed to a database that is busy (no free connection,
    /// a statement that took too long, a deadlock) or refuses what it was asked.
    /// </summary>
    public static bool IsDatabaseAway(Exception exception) => exception switch
    {
        PostgresException e => e.SqlState.StartsWith("57P", StringComparison.Ordinal) || e.SqlState.StartsWith("08", StringComparison.Ordinal) || e.SqlState == "25P03",
        NpgsqlException e => e.InnerException is IOException or SocketException,
        _ => false,
    };

    static FaultKind OfStatus(HttpStatusCode status) =>
        status is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout || (int)status >= 500 ? FaultKind.Transient
        : (int)status >= 400 ? FaultKind.Permanent
        : FaultKind.Bug;

    // Classes 08 connection, 53 resources, 57P operator intervention (restart, termination), 25006 a standby, 25P03 a session that
    // was ended because its transaction had been left alone, 40 rollback, 55P03 lock timeout.
    static bool OfSqlState(string state) =>
        state.StartsWith("08", StringComparison.Ordinal) || state.StartsWith("53", StringComparison.Ordinal)
        || state.StartsWith("40", StringComparison.Ordinal) || state.StartsWith("57P", StringComparison.Ordinal)
        || state is "25006" or "25P03" or "55P03" or "57014";

    // Class 28 invalid authorization, 3D000 no such database, 42501 missing privilege.
    static FaultKind OfPermanentSqlState(string state) =>
        state.StartsWith("28", StringComparison.Ordinal) || state is "3D000" or "42501" ? FaultKind.Permanent : FaultKind.Bug;
}
