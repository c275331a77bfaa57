using System.Collections;
using System.Security.Cryptography;

namespace Engine.Hosting;

/// <summary>Where the engine keeps its own files: the embedded database, the first token, the last audit head.</summary>
public static class DataFolder
{
    /// <summary>
    /// <c>ENGINE_DATA</c>, else the XDG data home. For root it is under <c>/var/lib</c>: root's home is closed to the
    /// unprivileged user that PostgreSQL runs as.
    /// </summary>
    public static string Locate(IDictionary environment)
    {
        string? Variable(string name) => environment[name] as string is { Length: > 0 } value ? value : null;

        var folder = Variable("ENGINE_DATA")
            ?? (Environment.IsPrivilegedProcess ? "/var/lib/autonomy-engine" : null)
            ?? Path.Combine(
                Variable("XDG_DATA_HOME") ?? Path.Combine(Variable("HOME") ?? Path.GetTempPath(), ".local", "share"),
                "autonomy-engine");
        return Path.GetFullPath(folder);
    }

    /// <summary>Creates the folder, closed to other users, when it is not there.</summary>
    /// <exception cref="StartupException">It cannot be made or written to.</exception>
    public static void Create(string folder)
    {
        try
        {
            if (!Directory.Exists(folder))
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var mode = File.GetUnixFileMode(folder);
            if ((mode & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != 0)
                throw new StartupException($"The data folder {folder} can be written by other users (mode {Convert.ToString((int)mode, 8)}): they could put their own secrets there.",
                    $"chmod go-w '{folder}', or set ENGINE_DATA to a folder of the engine's own.");
            var probe = Path.Combine(folder, $".write-{Environment.ProcessId}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException(
                $"The data folder {folder} cannot be written: {e.Message}",
                "set ENGINE_DATA to a folder that this user may write, or give this user the folder.", e);
        }
    }

    /// <summary>Writes a file that only its owner can read, whole or not at all.</summary>
    public static void WriteSecret(string path, string text)
    {
        var temporary = $"{path}.{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
        using (var stream = new FileStream(temporary, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        using (var writer = new StreamWriter(stream))
        {
            writer.Write(text);
            writer.Flush();
            stream.Flush(flushToDisk: true);
        }
        File.Move(temporary, path, overwrite: true);
    }
}
