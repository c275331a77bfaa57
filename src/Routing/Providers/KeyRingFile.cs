using System.Security.Cryptography;

namespace Routing.Providers;

/// <summary>The key ring of an engine that was given none: a file that only its owner can read, made once.</summary>
public static class KeyRingFile
{
    const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static string PathIn(string dataFolder) => Path.Combine(dataFolder, "routing-keys");

    /// <exception cref="FormatException">What lies there is no key ring.</exception>
    /// <exception cref="IOException">It can be neither read nor made.</exception>
    public static KeyRing ReadOrMake(string dataFolder)
    {
        var path = PathIn(dataFolder);
        if (!File.Exists(path)) Make(path);
        File.SetUnixFileMode(path, OwnerOnly);
        return KeyRing.Parse(File.ReadAllText(path));
    }

    /// <summary>Whole or not at all; of two engines that start together one wins, and both read what it wrote.</summary>
    static void Make(string path)
    {
        var temporary = $"{path}.{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
        using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        {
            using var writer = new StreamWriter(stream);
            writer.Write(KeyRing.Generate());
            writer.Flush();
            stream.Flush(flushToDisk: true);
        }
        try
        {
            File.Move(temporary, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(temporary); // another engine was quicker
        }
    }
}
