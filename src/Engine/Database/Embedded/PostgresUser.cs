using System.Globalization;
using Engine.Hosting;

namespace Engine.Database.Embedded;

/// <summary>The unprivileged user that PostgreSQL runs as when root starts the engine: PostgreSQL refuses to run as root.</summary>
public sealed record PostgresUser(string Name, int UserId, int GroupId)
{
    static readonly string[] Preferred = ["postgres", "nobody"];

    /// <returns>Null when this process is not root's: then PostgreSQL runs as the same user as the engine.</returns>
    public static PostgresUser? OfThisProcess() =>
        Environment.IsPrivilegedProcess ? Choose(File.ReadLines("/etc/passwd")) : null;

    /// <param name="passwd">Lines of <c>/etc/passwd</c>: name, password, user id, group id, and more, split by colons.</param>
    public static PostgresUser Choose(IEnumerable<string> passwd)
    {
        var users = passwd.Select(line => line.Split(':')).Where(f => f.Length >= 4)
            .Where(f => int.TryParse(f[2], CultureInfo.InvariantCulture, out var uid) && uid > 0)
            .Select(f => new PostgresUser(f[0], int.Parse(f[2], CultureInfo.InvariantCulture), int.Parse(f[3], CultureInfo.InvariantCulture)))
            .ToLookup(u => u.Name);
        return Preferred.Select(name => users[name].FirstOrDefault()).FirstOrDefault(u => u is not null)
            ?? throw new StartupException(
                "PostgreSQL does not run as root, and /etc/passwd has neither a user postgres nor a user nobody.",
                "add a user (useradd --system postgres), or start the engine as a user other than root.");
    }
}
