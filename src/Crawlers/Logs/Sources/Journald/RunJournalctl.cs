using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Crawlers.Logs.Sources.Journald;

/// <summary>Asks journalctl once; no shell, bounded in time and output.</summary>
sealed class RunJournalctl(JournaldSettings settings, TimeProvider time)
{
    const int MostErrorBytes = 4096;

    /// <summary>Reads entries as lines of JSON until there are no more or the room is full; then the program is ended.</summary>
    /// <param name="position">Begins with the entry at the cursor, or with what came after it when that is gone; null: with the first.</param>
    /// <returns>How many bytes of whole lines were read, and what the program said when it had a complaint.</returns>
    public async Task<(int Bytes, bool IsFull, string? Complaint)> RunAsync(JournaldPosition? position, bool lastOnly, Memory<byte> room, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(settings.TimeLimit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        using var program = new Process { StartInfo = new ProcessStartInfo(settings.Program, Arguments(position, lastOnly)) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true } };
        program.StartInfo.Environment["LC_ALL"] = "C";
        try
        {
            program.Start();
        }
        catch (Win32Exception e)
        {
            return (0, false, $"{settings.Program} cannot be started ({e.Message})");
        }
        try
        {
            program.StandardInput.Close();
            var error = ErrorAsync(program.StandardError.BaseStream, both.Token);
            _ = error.ContinueWith(t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default); // of one that is ended nobody waits for it
            var read = 0;
            while (read < room.Length)
            {
                var more = await program.StandardOutput.BaseStream.ReadAsync(room[read..], both.Token);
                if (more == 0) break;
                read += more;
            }
            if (read == room.Length) return (read, true, null);
            var words = await error;
            await program.WaitForExitAsync(both.Token);
            var whole = room.Span[..read].LastIndexOf((byte)'\n') + 1;
            return (whole, false, words.Length > 0 || program.ExitCode != 0 ? $"{settings.Program} says: {(words.Length > 0 ? words : $"exit code {program.ExitCode}")}" : null);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return (0, false, $"{settings.Program} did not end within {settings.TimeLimit.TotalSeconds:0} s");
        }
        finally
        {
            if (!program.HasExited) program.Kill(entireProcessTree: true);
        }
    }

    IEnumerable<string> Arguments(JournaldPosition? position, bool lastOnly)
    {
        yield return "--output=json";
        yield return "--all"; // else fields of more than 4096 bytes are left out
        yield return "--no-pager";
        if (settings.Folder is { } folder) yield return $"--directory={folder}";
        foreach (var unit in settings.Units) yield return $"--unit={unit}";
        if (lastOnly) yield return "--lines=1";
        // Not --after-cursor: when the entry is gone, that leaves out another, and nobody can tell.
        if (position is { IsCursorUsable: true }) yield return $"--cursor={position.Cursor}";
        else if (position is not null) yield return string.Create(CultureInfo.InvariantCulture, $"--since=@{position.RealtimeMicroseconds / 1_000_000}.{position.RealtimeMicroseconds % 1_000_000:000000}");
    }

    static async Task<string> ErrorAsync(Stream error, CancellationToken ct)
    {
        var bytes = new byte[MostErrorBytes];
        var length = 0;
        for (int read; (read = await error.ReadAsync(bytes.AsMemory(length == bytes.Length ? length - 1 : length), ct)) > 0;) length = Math.Min(length + read, bytes.Length);
        return Encoding.UTF8.GetString(bytes, 0, length).Trim().ReplaceLineEndings(" ");
    }
}
