using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Engine.Database.Embedded;

/// <summary>
/// The server's configuration, written anew at each start. Paths are relative (to the file for includes, to the cluster for
/// the rest), so the data folder can be moved and its name needs no quoting.
/// </summary>
public static partial class ServerConfiguration
{
    const int MaxConnections = 200;

    // After a crash all files are made durable first: one by one, or, where the system can and tells errors of it, in one call, which is seconds faster.
    static readonly string SyncAfterCrash = OperatingSystem.IsLinux() && Environment.OSVersion.Version >= new Version(5, 8) ? "recovery_init_sync_method = syncfs" : "";

    /// <param name="extra">Settings that win over the engine's, by name; for tests.</param>
    public static string Text(int port, IReadOnlyDictionary<string, string> extra)
    {
        var text = new StringBuilder($"""
            # Written by the engine at each start: changes made here are lost. Settings of your own go into
            # postgres/data/postgresql.conf; where this file names them too, `alter system` is what wins.
            include_if_exists 'postgres/data/postgresql.conf'

            port = {port}
            listen_addresses = '127.0.0.1'
            unix_socket_directories = '../run'
            unix_socket_permissions = 0700
            max_connections = {MaxConnections}
            password_encryption = 'scram-sha-256'
            cluster_name = 'autonomy-engine'

            fsync = on
            full_page_writes = on
            synchronous_commit = on
            {SyncAfterCrash}

            timezone = 'UTC'
            log_timezone = 'UTC'
            lc_messages = 'C'

            # A new file each day and at each size; the engine removes all but the newest {ServerLogs.FilesKept}.
            logging_collector = on
            log_directory = '../log'
            log_filename = 'postgres-%Y%m%d-%H%M%S.log'
            log_file_mode = 0600
            log_rotation_age = 1d
            log_rotation_size = {ServerLogs.FileMegabytes}MB
            log_truncate_on_rotation = off
            log_line_prefix = '%m [%p] %q%u@%d '

            """);
        foreach (var (name, value) in extra)
        {
            if (!SettingName().IsMatch(name)) throw new ArgumentException($"'{name}' is not a name of a PostgreSQL setting", nameof(extra));
            text.Append(CultureInfo.InvariantCulture, $"{name} = '{Escaped(value)}'\n");
        }
        return text.ToString();
    }

    /// <summary>Passwords for everybody, from this machine only.</summary>
    public const string AccessRules = """
        # Written by the engine at each start: changes made here are lost.
        local all all              scram-sha-256
        host  all all 127.0.0.1/32 scram-sha-256

        """;

    /// <returns>The port that the configuration names, null when it names none.</returns>
    public static int? PortIn(string configuration) =>
        PortLine().Match(configuration) is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : null;

    static string Escaped(string value) =>
        value.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal);

    [GeneratedRegex(@"^port = (\d{1,5})\r?$", RegexOptions.Multiline)]
    private static partial Regex PortLine();

    [GeneratedRegex(@"^[a-z_]+(\.[a-z_]+)?\z")]
    private static partial Regex SettingName();
}
