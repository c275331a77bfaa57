using System.Text;

namespace Engine.Database.Embedded;

/// <summary>
/// Reads a small file out of a folder that PostgreSQL's user owns, as root, too: follows no link in the file's place, waits for
/// no pipe, and reads no more than a little.
/// </summary>
static class SmallFile
{
    const int MostBytes = 8 * 1024;

    /// <returns>Null when there is no such file.</returns>
    /// <exception cref="IOException">Something else is there.</exception>
    public static string? Read(string path)
    {
        using var handle = Native.OpenPlain(path);
        if (handle is null) return null;
        var bytes = new byte[MostBytes];
        int length = 0, read;
        try
        {
            while (length < bytes.Length && (read = RandomAccess.Read(handle, bytes.AsSpan(length), length)) > 0) length += read;
        }
        catch (NotSupportedException e)
        {
            throw new IOException($"{path} is not a file.", e);
        }
        return Encoding.UTF8.GetString(bytes, 0, length);
    }
}
