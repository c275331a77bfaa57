using Npgsql;

namespace Conventions.Scripts;

/// <summary><c>ops/docker/make-secrets</c> makes what the compose file hands out, once.</summary>
public sealed class SecretsTests : IDisposable
{
    readonly Sandbox sandbox = new();

    public void Dispose() => sandbox.Dispose();

    [Fact]
    public void Secrets_are_connection_strings_with_passwords_of_their_own_and_are_kept()
    {
        Assert.Equal(0, sandbox.Run("ops/docker/make-secrets", []).ExitCode);
        var first = Read();
        Assert.Equal(0, sandbox.Run("ops/docker/make-secrets", []).ExitCode);

        Assert.Equal(first, Read());
        var engine = new NpgsqlConnectionStringBuilder(first["database"]);
        var owner = new NpgsqlConnectionStringBuilder(first["database_owner"]);
        Assert.Equal(("postgres", "engine", "engine"), (engine.Host, engine.Database, engine.Username));
        Assert.Equal(("postgres", "engine", "engine_owner"), (owner.Host, owner.Database, owner.Username));
        Assert.Equal(3, new[] { engine.Password, owner.Password, first["database_superuser"] }.Distinct().Count(p => p?.Length == 48));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(sandbox.At("checkout/ops/docker/.secrets")));
    }

    SortedDictionary<string, string> Read() => new(Directory.GetFiles(sandbox.At("checkout/ops/docker/.secrets"))
        .ToDictionary(p => Path.GetFileName(p)!, p => File.ReadAllText(p).TrimEnd('\n')));
}
