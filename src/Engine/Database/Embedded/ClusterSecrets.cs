using System.Buffers.Text;
using System.Security.Cryptography;
using Engine.Hosting;

namespace Engine.Database.Embedded;

/// <summary>The passwords of the four logins, one 0600 file each; the files are the truth, the cluster follows them at each start.</summary>
public sealed class ClusterSecrets
{
    const int PasswordBytes = 32;
    const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    static readonly string[] Logins = ["superuser", "owner", "engine", "reader"];

    ClusterSecrets(string superuser, string owner, string engine, string reader) =>
        (Superuser, Owner, Engine, Reader) = (superuser, owner, engine, reader);

    public string Superuser { get; }
    public string Owner { get; }
    public string Engine { get; }
    public string Reader { get; }

    public static string SuperuserFile(PostgresFolder folder) => Files(folder)[0];

    /// <summary>Makes what is missing. To be called under the start lock.</summary>
    public static ClusterSecrets Prepare(PostgresFolder folder)
    {
        Directory.CreateDirectory(folder.Secrets, OwnerOnly | UnixFileMode.UserExecute);
        foreach (var file in Files(folder).Where(f => !File.Exists(f)))
            DataFolder.WriteSecret(file, Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(PasswordBytes)));
        foreach (var file in Files(folder)) File.SetUnixFileMode(file, OwnerOnly);
        Native.SyncFolder(folder.Secrets);
        return Read(folder)!;
    }

    /// <returns>Null when one of the files is missing.</returns>
    public static ClusterSecrets? Read(PostgresFolder folder)
    {
        var files = Files(folder);
        if (!files.All(File.Exists)) return null;
        var passwords = files.Select(Password).ToArray();
        return new ClusterSecrets(passwords[0], passwords[1], passwords[2], passwords[3]);
    }

    static string[] Files(PostgresFolder folder) => [.. Logins.Select(login => Path.Combine(folder.Secrets, $"postgres-{login}"))];

    static string Password(string file)
    {
        var password = File.ReadAllText(file).Trim();
        if (password.Length > 0 && password.All(c => c is > ' ' and <= '~')) return password;
        throw new StartupException($"{file} must hold a password of printable ASCII characters without spaces, but does not.",
            "restore the file from your backup; when it is not the superuser's, deleting it is enough: the engine makes a new one.");
    }
}
