using System.Text.Json;
using Crawlers.Logs.Sources;
using Crawlers.Logs.Sources.Files;
using Crawlers.Logs.Sources.Journald;
using Crawlers.Tests.Logs.Sources.Files;
using Support;

namespace Crawlers.Tests.Logs.Sources.Journald;

/// <summary>Entries of the journal are read once each, and what keeps them from being read is named.</summary>
public sealed class JournaldReaderTests : IDisposable
{
    readonly TempFolder folder = new();
    readonly ManualTime time = new();
    readonly Dictionary<string, string> positions = [];

    public void Dispose() => folder.Dispose();

    [FactOnJournald]
    public async Task A_real_journal_is_read_from_where_it_was_left()
    {
        await RealJournald.RunAsync(folder.Path, "echo one | systemd-cat -t shop -p err; printf 'MESSAGE=two\\nlines of it\\n' | head -1 | systemd-cat -t other; head -c 9000 /dev/zero | tr '\\0' x | systemd-cat -t shop");
        var settings = new JournaldSettings { Folder = folder.Path };
        var first = await ReadAsync(settings);
        Assert.Equal(["one", new string('x', 9000)], Messages(first, "shop"));
        Assert.Equal(["MESSAGE=two"], Messages(first, "other"));
        Assert.Equal("shop", first.First(g => g.Part == "shop").Labels.Service);
        Assert.NotNull(first.First(g => g.Part == "shop").Labels.Host);
        Assert.Empty(await ReadAsync(settings));

        await RealJournald.RunAsync(folder.Path, "echo three | systemd-cat -t shop");

        Assert.Equal(["three"], Messages(await ReadAsync(settings), "shop"));
        Assert.Equal(["one", new string('x', 9000), "three"], Messages(await ReadAsync(settings, from: []), "shop"));
    }

    [FactOnJournald]
    public async Task A_real_journal_whose_entries_were_removed_unread_says_so()
    {
        await RealJournald.RunAsync(folder.Path, "echo one | systemd-cat -t shop");
        var settings = new JournaldSettings { Folder = folder.Path };
        await using var reader = new JournaldReader(settings, positions, time);
        Assert.Equal(["one"], Messages(await ReadAllAsync(reader), "shop"));
        await RealJournald.RunAsync(folder.Path, $"echo two | systemd-cat -t shop; sleep 0.5; rotate; echo three | systemd-cat -t shop; sleep 0.5; journalctl --directory={folder.Path} --vacuum-files=1");

        Assert.Equal(["three"], Messages(await ReadAllAsync(reader), "shop"));
        Assert.Contains("removed before they were read", reader.Problem, StringComparison.Ordinal);
        await ReadAllAsync(reader);
        Assert.Null(reader.Problem);
    }

    [FactOnJournald]
    public async Task A_real_journal_can_be_begun_at_its_end()
    {
        await RealJournald.RunAsync(folder.Path, "echo one | systemd-cat -t shop");
        var settings = new JournaldSettings { Folder = folder.Path, StartAt = StartAt.End };
        Assert.Empty(await ReadAsync(settings));
        Assert.Single(positions);

        await RealJournald.RunAsync(folder.Path, "echo two | systemd-cat -t shop");

        Assert.Equal(["two"], Messages(await ReadAsync(settings), "shop"));
    }

    [FactNeeding("journalctl")]
    public async Task A_position_that_means_nothing_to_the_journal_is_gone_on_from_by_its_time()
    {
        positions["journal"] = new JournaldPosition("s=nonsense", 1_700_000_000_000_000).ToJson();
        await using var reader = new JournaldReader(new JournaldSettings { Folder = folder.Path }, positions, time);
        await ReadAllAsync(reader);

        Assert.DoesNotContain("cursor", reader.Problem ?? "", StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_named_with_the_remedy()
    {
        await using var reader = new JournaldReader(new JournaldSettings { Program = "no-such-journalctl" }, positions, time);

        Assert.Same(LogRead.Nothing, await reader.ReadAsync(CancellationToken.None));
        Assert.Contains("no-such-journalctl cannot be started", reader.Problem, StringComparison.Ordinal);
        Assert.Contains("install systemd's journalctl", reader.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_journal_that_may_not_be_read_is_named_with_the_remedy()
    {
        await using var reader = new JournaldReader(Program("echo 'No journal files were opened due to insufficient permissions.' >&2; exit 1"), positions, time);
        await reader.ReadAsync(CancellationToken.None);

        Assert.Contains($"usermod -aG systemd-journal {Environment.UserName}", reader.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_does_not_end_is_ended()
    {
        await using var reader = new JournaldReader(Program("exec sleep 600") with { TimeLimit = TimeSpan.FromSeconds(30) }, positions, time);
        var reading = reader.ReadAsync(CancellationToken.None).AsTask();
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(31));
            return reading.IsCompleted;
        }, TimeSpan.FromSeconds(20), "the read ends");

        Assert.Same(LogRead.Nothing, await reading);
        Assert.Contains("did not end within 30 s", reader.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_than_one_read_takes_is_read_in_several()
    {
        // A journal of 20,000 entries, from the one that is asked for: the cursor is the number.
        var settings = Program("""
            from=0
            for a in "$@"; do case "$a" in --cursor=*) from=${a#--cursor=};; esac; done
            awk -v from=$from 'BEGIN { for (i = from; i < 20000; i++) printf "{\"__CURSOR\":\"%d\",\"__REALTIME_TIMESTAMP\":\"%d\",\"_SYSTEMD_UNIT\":\"web.service\",\"MESSAGE\":\"line %d %0500d\",\"X\":[\"a\",\"b\"],\"_HOSTNAME\":\"h\"}\n", i, i, i, 0 }'
            """);
        await using var reader = new JournaldReader(settings, positions, time);
        var first = await reader.ReadAsync(CancellationToken.None);
        Assert.True(reader.BehindBytes > 0);
        Assert.InRange(first.Chunks.Sum(c => c.Lines.Length), 1_000_000, 4 * 1024 * 1024);
        var given = Given.Of(first).ToList();
        given.AddRange(await ReadAllAsync(reader));

        Assert.Equal(Enumerable.Range(0, 20_000).Select(i => $"line {i}"), Messages(given, "web.service").Select(m => m[..m.LastIndexOf(' ')]));
        Assert.Equal(new LogLabels("web", Host: "h"), given[0].Labels);
    }

    [Fact]
    public async Task An_entry_that_is_larger_than_a_read_is_cut_and_passed()
    {
        var settings = Program("""
            printf '{"__CURSOR":"0","__REALTIME_TIMESTAMP":"0","_SYSTEMD_UNIT":"b.service","MESSAGE":"before"}\n'
            printf '{"__CURSOR":"1","__REALTIME_TIMESTAMP":"1","_SYSTEMD_UNIT":"a.service","MESSAGE":"'
            head -c 6000000 /dev/zero | tr '\0' x
            printf '"}\n{"__CURSOR":"2","__REALTIME_TIMESTAMP":"2","_SYSTEMD_UNIT":"b.service","MESSAGE":"after"}\n'
            """);
        await using var reader = new JournaldReader(settings, positions, time);
        var given = await ReadAllAsync(reader, reads: 3);

        Assert.InRange(given.Single(g => g.Part == "a.service").DroppedBytes, 5_900_000, 6_000_000);
        Assert.Equal(["before", "after"], Messages(given, "b.service"));
        Assert.Null(reader.Problem);
    }

    async Task<List<Given>> ReadAsync(JournaldSettings settings, Dictionary<string, string>? from = null)
    {
        await using var reader = new JournaldReader(settings, from ?? positions, time);
        return await ReadAllAsync(reader);
    }

    async Task<List<Given>> ReadAllAsync(JournaldReader reader, int reads = 10)
    {
        var given = new List<Given>();
        for (var i = 0; i < reads; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            var read = await reader.ReadAsync(CancellationToken.None);
            given.AddRange(Given.Of(read));
            foreach (var (key, json) in read.Positions) positions[key] = json!;
            if (reader.BehindBytes == 0) break;
        }
        return given;
    }

    /// <summary>A program that stands in for journalctl.</summary>
    JournaldSettings Program(string script)
    {
        var program = folder.File("journalctl", $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return new JournaldSettings { Program = program };
    }

    static IEnumerable<string> Messages(IEnumerable<Given> given, string part) =>
        given.Where(g => g.Part == part).SelectMany(g => g.Lines).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("MESSAGE").GetString()!);
}
