using System.ComponentModel;
using Engine.Hosting.Configuration;
using Npgsql;

namespace Engine.Database;

public sealed record DatabaseSettings : IChecked
{
    [Secret, Description("PostgreSQL to use, as `Host=…;Database=…;Username=…;Password=…`; unset: an embedded one is started.")]
    public string? ConnectionString { get; init; }

    [Secret, Description("Login that owns the schema and runs migrations; unset: the one above does it.")]
    public string? OwnerConnectionString { get; init; }

    [Secret, Description("Login of the role `engine_reader` for `engine sql`; unset: the one above, narrowed to that role.")]
    public string? ReaderConnectionString { get; init; }

    [Description("Whether the engine brings an older schema up to date when it starts.")]
    public bool MigrateOnStart { get; init; } = true;

    [Description("Connections the engine keeps at most, 5 to 1000.")]
    public int MaxPoolSize { get; init; } = 50;

    [Description("How long a start waits for a database that does not answer yet, 0 to 10 minutes.")]
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public bool IsEmbedded => string.IsNullOrWhiteSpace(ConnectionString);

    public IEnumerable<string> Problems()
    {
        foreach (var (name, text) in new[]
        {
            (nameof(ConnectionString), ConnectionString), (nameof(OwnerConnectionString), OwnerConnectionString),
            (nameof(ReaderConnectionString), ReaderConnectionString),
        })
            if (Unreadable(text) is { } reason)
                yield return $"{name} must be a PostgreSQL connection string such as Host=db;Database=engine;Username=engine;Password=…, {reason}";
        if (IsEmbedded && !string.IsNullOrWhiteSpace(OwnerConnectionString))
            yield return "OwnerConnectionString must stay unset while Engine:Database:ConnectionString is unset, is set";
        if (MaxPoolSize is < 5 or > 1000) yield return $"MaxPoolSize must be from 5 to 1000, is {MaxPoolSize}";
        if (StartTimeout < TimeSpan.Zero || StartTimeout > TimeSpan.FromMinutes(10))
            yield return $"StartTimeout must be from 00:00:00 to 00:10:00, is {StartTimeout}";
    }

    /// <returns>Why it cannot be used, without repeating the text: it may hold a password.</returns>
    static string? Unreadable(string? connectionString)
    {
        if (string.IsNullOrWhiteSpace(connectionString)) return null;
        try
        {
            var parts = new NpgsqlConnectionStringBuilder(connectionString);
            return string.IsNullOrEmpty(parts.Host) ? "it names no host" : null;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            return "it has a key or value that PostgreSQL clients do not know";
        }
    }
}
