using System.Text;
using Crawlers.Logs.Events;

namespace Crawlers.Tests.Logs.Events;

/// <summary>What stands before the message: time, level, logger, thread.</summary>
public sealed class HeaderTests
{
    [Theory]
    [InlineData("2026-03-01 09:00:00.832 INFO  [http-nio-8080-exec-19] c.a.s.Orders - order 1 sent", LogLevel.Info, "c.a.s.Orders", "order 1 sent")]
    [InlineData("2026-03-01 09:00:01,779 ERROR [worker-2] shop.web: request 7 failed", LogLevel.Error, "shop.web", "request 7 failed")]
    [InlineData("[2026-03-01T09:00:01.463Z] ERROR (shop/89): request 7 failed", LogLevel.Error, "", "request 7 failed")]
    [InlineData("fail: Acme.Shop.RequestMiddleware[100]", LogLevel.Error, "Acme.Shop.RequestMiddleware[100]", "")]
    [InlineData("[Sun Dec 04 20:32:37 2005] [error] child in error state 6", LogLevel.Error, "", "child in error state 6")]
    [InlineData("081110 220637 32 INFO dfs.FSNamesystem: block is added", LogLevel.Info, "dfs.FSNamesystem", "block is added")]
    [InlineData("2015-07-29 19:29:03,816 - WARN  [Recv:18:Cnx$Worker@765] - Interrupting", LogLevel.Warning, "", "Interrupting")]
    [InlineData("E0501 10:00:00.123456    1234 controller.go:115] Sync failed", LogLevel.Error, "", "Sync failed")]
    [InlineData("E, [2026-05-01T10:00:00.123456 #1234] ERROR -- : boom", LogLevel.Error, "", "boom")]
    [InlineData("2026-05-01 10:00:00.123  WARN 12 --- [nio-1] c.e.demo.Orders                  : slow", LogLevel.Warning, "c.e.demo.Orders", "slow")]
    [InlineData("03-17 16:13:38.811  1702  2395 D WindowManager: printed", LogLevel.Debug, "WindowManager", "printed")]
    [InlineData("20171223-22:15:29:606|Step_LSC|30002312|flush", LogLevel.Unknown, "Step_LSC", "flush")]
    [InlineData("ERROR:root:could not open", LogLevel.Error, "", "root:could not open")]
    [InlineData("2026/03/01 09:00:00 order 41326 sent", LogLevel.Unknown, "", "order 41326 sent")]
    [InlineData("nothing but a message: with a colon", LogLevel.Unknown, "", "nothing but a message: with a colon")]
    [InlineData("Error: no user", LogLevel.Unknown, "", "Error: no user")]
    public void A_header_is_stripped(string line, LogLevel level, string logger, string message)
    {
        var header = ReadHeader.Of(Encoding.UTF8.GetBytes(line));

        Assert.Equal(level, header.Level);
        Assert.Equal(logger, line.Substring(header.LoggerStart, header.LoggerLength));
        Assert.Equal(message, line[header.MessageStart..]);
    }

    [Theory]
    [InlineData("Jul  9 12:16:49 combo ftpd[23142]: connection lost", "ftpd[23142]", "connection lost")]
    [InlineData("Jul  9 12:16:49 combo kernel: POSIX testing", "kernel", "POSIX testing")]
    [InlineData("Mar 01 09:00:00 web1 shop-java[1957]: \tat a.B.c(B.java:1)", "shop-java[1957]", "\tat a.B.c(B.java:1)")]
    [InlineData("<34>1 2003-10-11T22:14:15.003Z host su - ID47 - root failed", "su -", "root failed")]
    [InlineData("Jul  3 04:37:15 mac com.apple.launchd[1] (com.apple.quicklook[7]): exited", "com.apple.launchd[1]", "exited")]
    [InlineData("2026-03-01T09:00:00+0000 host app[12]: text", "app[12]", "text")]
    public void The_host_and_tag_of_syslog_tell_streams_apart(string line, string tag, string text)
    {
        var header = ReadHeader.Of(Encoding.UTF8.GetBytes(line));

        Assert.True(header.IsSyslog);
        Assert.Equal(tag, line.Substring(header.TagStart, header.TagLength));
        Assert.Equal(text, line[header.TextStart..]);
        Assert.False(header.IsHead);
    }

    [Theory]
    [InlineData("2026-03-01T09:00:00.5Z x", "2026-03-01T09:00:00.5+00:00")]
    [InlineData("2026-03-01 09:00:00,250 x", "2026-03-01T09:00:00.25+02:00")] // no zone: the source's
    [InlineData("2026-03-01 09:00:00 +0530 x", "2026-03-01T09:00:00+05:30")]
    [InlineData("Dec 31 23:59:58 host x", "2025-12-31T23:59:58+02:00")] // no year: the nearest
    [InlineData("Jan  2 00:00:01 host x", "2026-01-02T00:00:01+02:00")]
    [InlineData("23:59:59 x", "2025-12-31T23:59:59+02:00")] // no date: the nearest
    [InlineData("[10/Oct/2000:13:55:36 -0700] x", "2000-10-10T13:55:36-07:00")]
    [InlineData("1772355600 x", "2026-03-01T09:00:00+00:00")]
    [InlineData("1772355600123 x", "2026-03-01T09:00:00.123+00:00")]
    [InlineData("Sun, 01 Mar 2026 09:00:00 GMT x", "2026-03-01T09:00:00+00:00")]
    public void A_time_is_read_with_and_without_zone_or_year(string line, string instant)
    {
        Assert.True(ReadTimestamp.TryMatch(Encoding.UTF8.GetBytes(line.TrimStart('[')), out var time));

        Assert.Equal(DateTimeOffset.Parse(instant, System.Globalization.CultureInfo.InvariantCulture),
            time.ToInstant(near: new DateTimeOffset(2026, 1, 1, 0, 0, 10, TimeSpan.FromHours(2)), zone: TimeSpan.FromHours(2)));
    }

    [Theory]
    [InlineData("2026-13-01 09:00:00")]
    [InlineData("25:00:00 text")]
    [InlineData("12.34.56 is a version")]
    [InlineData("Mary 01 09:00:00")]
    [InlineData("99999999999999999999999999")]
    public void What_only_looks_like_a_time_is_none(string text) => Assert.False(ReadTimestamp.TryMatch(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void A_date_that_does_not_exist_is_no_instant()
    {
        Assert.True(ReadTimestamp.TryMatch("2026-02-31 09:00:00"u8, out var time));

        Assert.Null(time.ToInstant(DateTimeOffset.UnixEpoch, TimeSpan.Zero));
    }
}
