using Npgsql;

namespace Engine.Database.Embedded;

/// <summary>How to reach a running embedded server. The connection strings hold passwords: never log them.</summary>
public sealed class EmbeddedConnections(PostgresFolder folder, int port, ClusterSecrets secrets)
{
    public const string DatabaseName = "engine";

    public int Port { get; } = port;

    /// <summary>The runtime's login: reads and writes what migrations grant it.</summary>
    public string Engine { get; } = ConnectionString(folder, port, "engine", secrets.Engine);

    /// <summary>Owns the database; runs migrations.</summary>
    public string Owner { get; } = ConnectionString(folder, port, "engine_owner", secrets.Owner);

    /// <summary>Reads the documented views, nothing else.</summary>
    public string Reader { get; } = ConnectionString(folder, port, "engine_reader", secrets.Reader);

    /// <summary>For setting up roles, and for tests; the running engine never uses it.</summary>
    public string Superuser { get; } = ConnectionString(folder, port, "postgres", secrets.Superuser);

    static string ConnectionString(PostgresFolder folder, int port, string user, string password) => new NpgsqlConnectionStringBuilder
    {
        Host = folder.CanUseSocket(port) && File.Exists(folder.Socket(port)) ? folder.Run : "127.0.0.1",
        Port = port,
        Database = DatabaseName,
        Username = user,
        Password = password,
        SslMode = SslMode.Disable,
        GssEncryptionMode = GssEncryptionMode.Disable,
    }.ConnectionString;
}
