using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Engine.Database;

/// <param name="Checksum">Lower-case hex SHA-256 of the file with its line ends as LF.</param>
public sealed record Migration(int Number, string Name, string Sql, string Checksum)
{
    /// <summary>All migrations that this engine was built with, in order.</summary>
    public static IReadOnlyList<Migration> All { get; } = Read(typeof(Migration).Assembly);

    public static Migration Of(string fileName, string text)
    {
        var sql = text.ReplaceLineEndings("\n");
        var number = int.Parse(fileName.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture);
        return new Migration(number, Path.GetFileNameWithoutExtension(fileName)[5..], sql,
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql))));
    }

    /// <summary>A text that was built into the engine, by its logical name.</summary>
    public static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(Migration).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The engine was built without {name}."));
        return reader.ReadToEnd();
    }

    static List<Migration> Read(Assembly assembly)
    {
        const string Folder = "migrations/";
        return [.. from name in assembly.GetManifestResourceNames()
                   where name.StartsWith(Folder, StringComparison.Ordinal)
                   orderby name
                   select Of(name[Folder.Length..], Resource(name))];
    }
}
