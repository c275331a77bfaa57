using System.Globalization;

namespace Engine.Database.Embedded;

/// <summary>
/// Where everything of one embedded cluster lies. The engine's own files stand beside <see cref="Home"/>, not in it:
/// what the unprivileged PostgreSQL user can write, root never writes to.
/// </summary>
/// <param name="root">The engine's data folder, as a full path.</param>
public sealed class PostgresFolder(string root)
{
    /// <summary>A path with this many bytes still fits into a socket address on every system.</summary>
    const int LongestSocketPathBytes = 100;

    public string Root { get; } = root;

    /// <summary>All that PostgreSQL owns; mode 0700.</summary>
    public string Home { get; } = Path.Combine(root, "postgres");

    public string Data => Path.Combine(Home, "data");

    public string Run => Path.Combine(Home, "run");

    public string Log => Path.Combine(Home, "log");

    /// <summary>What the server says before its own log is open.</summary>
    public string StartLog => Path.Combine(Home, "start.log");

    public string Configuration => Path.Combine(Root, "postgres.conf");

    public string AccessRules => Path.Combine(Root, "postgres.hba.conf");

    /// <summary>Held exclusively while somebody starts or stops the server.</summary>
    public string StartLock => Path.Combine(Root, "postgres.lock");

    /// <summary>Held shared by every engine that uses the server.</summary>
    public string UsersLock => Path.Combine(Root, "postgres.users");

    public string Secrets => Path.Combine(Root, "secrets");

    public string Socket(int port) => Path.Combine(Run, string.Create(CultureInfo.InvariantCulture, $".s.PGSQL.{port}"));

    public bool CanUseSocket(int port) => System.Text.Encoding.UTF8.GetByteCount(Socket(port)) <= LongestSocketPathBytes;

    /// <summary>The major version that made the cluster, null when there is none yet.</summary>
    /// <exception cref="FormatException">PG_VERSION holds no number.</exception>
    public int? ClusterMajor()
    {
        var file = Path.Combine(Data, "PG_VERSION");
        return SmallFile.Read(file) is { } text ? int.Parse(text.Trim(), CultureInfo.InvariantCulture) : null;
    }
}
