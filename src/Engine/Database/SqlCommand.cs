using System.Collections;
using System.CommandLine;
using System.Globalization;
using Dapper;
using Engine.Database.Embedded;
using Engine.Hosting;
using Engine.Hosting.CommandLine;
using Engine.Hosting.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Engine.Database;

/// <summary><c>engine sql</c> becomes psql on the read-only role.</summary>
static class SqlCommand
{
    public static DocumentedCommand Create(CommandFrame frame)
    {
        var arguments = new Argument<string[]>("psql-arguments")
        {
            Description = "Passed on to psql as they are.", Arity = ArgumentArity.ZeroOrMore, CaptureRemainingTokens = true,
        };
        var command = new DocumentedCommand("sql", "Open psql on the engine's database as the read-only role, which sees the documented views. Exit codes are psql's own.",
            "engine sql\nengine sql -c \"select * from v_api_tokens\"\nengine sql --csv -f report.sql")
        {
            arguments,
        };
        return command.Runs(async (parse, ct) =>
        {
            var settings = frame.Settings(parse);
            var psql = await FindAsync(settings, frame.Environment, ct);
            var reader = Reader(settings);
            if (reader.IsNarrowed) await RequireRoleAsync(reader.ConnectionString, frame.Time, ct);
            var environment = Environment(reader, frame.Environment);
            ReplaceProcess.With(psql, ["psql", .. parse.GetValue(arguments) ?? []], environment);
            return ExitCode.Done; // never reached: the process is psql now
        });
    }

    /// <summary>How psql must be told to connect: the password stands in its environment only, never among its arguments.</summary>
    /// <param name="reader">The reader's connection string, and whether the login must still be narrowed to that role.</param>
    public static Dictionary<string, string> Environment((string ConnectionString, bool IsNarrowed) reader, IDictionary own)
    {
        var parts = new NpgsqlConnectionStringBuilder(reader.ConnectionString);
        // What steers a client by itself would lead it elsewhere; the engine's own secrets are not psql's business.
        var environment = own.Keys.Cast<string>()
            .Where(name => !IsConnecting(name) && !name.StartsWith("ENGINE", StringComparison.OrdinalIgnoreCase))
            .ToDictionary(name => name, name => (string)own[name]!);
        environment["PGHOST"] = parts.Host!;
        environment["PGPORT"] = parts.Port.ToString(CultureInfo.InvariantCulture);
        if (parts.Database is { } database) environment["PGDATABASE"] = database;
        if (parts.Username is { } user) environment["PGUSER"] = user;
        if (parts.Password is { } password) environment["PGPASSWORD"] = password;
        environment["PGSSLMODE"] = parts.SslMode switch
        {
            SslMode.VerifyCA => "verify-ca", SslMode.VerifyFull => "verify-full", _ => parts.SslMode.ToString().ToLowerInvariant(),
        };
        if (parts.RootCertificate is { } root) environment["PGSSLROOTCERT"] = root;
        environment["PGAPPNAME"] = "engine sql";
        environment["PGOPTIONS"] = $"{parts.Options} {(reader.IsNarrowed ? "-c role=engine_reader " : "")}-c default_transaction_read_only=on".Trim();
        return environment;
    }

    static bool IsConnecting(string name) => name is "PGHOST" or "PGHOSTADDR" or "PGPORT" or "PGDATABASE" or "PGUSER" or "PGPASSWORD" or "PGPASSFILE"
        or "PGSERVICE" or "PGSERVICEFILE" or "PGOPTIONS" or "PGTARGETSESSIONATTRS" or "PGREQUIRESSL" or "PGGSSENCMODE" || name.StartsWith("PGSSL", StringComparison.Ordinal);

    static (string ConnectionString, bool IsNarrowed) Reader(EngineSettings settings)
    {
        var database = settings.Get<DatabaseSettings>();
        if (!string.IsNullOrWhiteSpace(database.ReaderConnectionString)) return (database.ReaderConnectionString, false);
        if (!database.IsEmbedded) return (database.ConnectionString!, true);
        return EmbeddedPostgres.TryAttach(settings.DataFolder) is { } running ? (running.Reader, false)
            : throw new CommandException(ExitCode.Unreachable, $"The embedded database in {settings.DataFolder} is not running.",
                "start the engine with `engine run`; the database runs as long as it does.");
    }

    // psql would say no more than "permission denied to set role".
    static async Task RequireRoleAsync(string connectionString, TimeProvider time, CancellationToken ct)
    {
        await EngineDatabase.ConnectAsync(connectionString, TimeSpan.Zero, time, NullLogger.Instance, ct);
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(ct);
        if (await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            "select exists (select from pg_roles where rolname = 'engine_reader' and pg_has_role(session_user, oid, 'member'))", cancellationToken: ct))) return;
        throw new CommandException(ExitCode.Failed, $"The login {connection.UserName} may not read as the role engine_reader.",
            "name a login that may in ENGINE__DATABASE__READERCONNECTIONSTRING: create role my_analyst login password '…' in role engine_reader;");
    }

    static async Task<string> FindAsync(EngineSettings settings, IDictionary environment, CancellationToken ct)
    {
        var inPath = (environment["PATH"] as string ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, "psql")).FirstOrDefault(File.Exists);
        if (settings.Get<EmbeddedPostgresSettings>().BinariesFolder is null && inPath is not null) return inPath;
        try
        {
            var beside = (await PostgresBinaries.FindAsync(settings.Get<EmbeddedPostgresSettings>(), settings.DataFolder, ct)).Program("psql");
            if (File.Exists(beside)) return beside;
        }
        catch (StartupException)
        {
            // No server programs here either; what matters to this command is said below.
        }
        return inPath ?? throw new CommandException(ExitCode.Failed, "psql, PostgreSQL's own client, is not on this machine.",
            "install it (apt-get install postgresql-client), or put its folder into PATH.");
    }
}
