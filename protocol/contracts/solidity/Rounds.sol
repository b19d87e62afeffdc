// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Blame} from "./Blame.sol";
import {DatanetRegistry} from "./DatanetRegistry.sol";
import {NodeRegistry} from "./NodeRegistry.sol";
import {TilthToken} from "./TilthToken.sol";

/// @title The first of an epoch's two steps: its receipts are anchored, then chance says who weighs which of them.
/// @notice A staked node anchors the receipts with a bond. The hash of a block some blocks later is fixed as the
/// epoch's seed by whoever calls `draw` while the chain still knows it; from it follows which answers are weighed
/// (protocol/payouts/draw.ts), and a panel of the pool's scorers. Each of them commits one hash over all its words
/// before any word is shown; payouts can be proposed once there was time to show them.
///
/// A draw is drawn again only at the price of a bond: a round that nobody draws while its block is known, or whose
/// settler proposes nothing in time, can be anchored anew by anybody, and then its bond is burnt. So who anchors gains
/// nothing by waiting for a block that it likes better: everybody else can fix the first one, and if nobody does it
/// costs more than a draw is worth.
abstract contract Rounds is ReentrancyGuardTransient, Blame {
    using SafeERC20 for TilthToken;

    /// @param commit seconds for scorers to fetch, weigh and commit
    /// @param reveal seconds to show what was committed
    /// @param drawBlocks blocks between the receipts and the one whose hash draws
    struct Windows {
        uint64 challenge;
        uint64 commit;
        uint64 reveal;
        uint64 drawBlocks;
    }

    /// @param number how often this epoch's receipts were anchored
    /// @param committed scorers of the panel that have
    /// @param spent its payouts were proposed: bond and stake answer for those now
    /// @param drawFrom block whose hash draws
    /// @param anchoredAt time of step one
    /// @param receipts where the receipts are to be had
    struct Round {
        address settler;
        uint32 number;
        uint32 receiptCount;
        uint16 committed;
        bool spent;
        uint64 drawFrom;
        uint64 commitEnds;
        uint64 revealEnds;
        uint64 anchoredAt;
        bytes32 seed;
        bytes32 receiptsRoot;
        uint256 receiptsTotal;
        uint256 bond;
        address[] panel;
        string receipts;
    }

    struct Anchoring {
        bytes32 pool;
        uint32 epoch;
        bytes32 receiptsRoot;
        uint256 receiptsTotal;
        uint32 receiptCount;
        string receipts;
    }

    NodeRegistry public immutable registry;
    DatanetRegistry public immutable datanets;
    TilthToken public immutable token;
    uint64 public immutable challengeWindow;
    uint64 public immutable commitWindow;
    uint64 public immutable revealWindow;
    uint64 public immutable drawBlocks;
    /// @notice The least bond.
    uint256 public immutable bond;
    /// @notice Scorers that are drawn for an epoch.
    uint256 private constant PANEL = 9;
    /// @notice What a scorer loses of its stake that is absent, or whose words the roster finds to be wrong: one in so
    /// many of the least stake, and its seat.
    uint256 private constant PENALTY_PART = 10;
    /// @notice The chain knows the hashes of so many blocks.
    uint256 private constant KNOWN_BLOCKS = 256;
    /// @dev Stands in place of a commitment for who was absent and has paid for it.
    bytes32 private constant ABSENT = bytes32(uint256(1));

    mapping(bytes32 pool => mapping(uint32 epoch => Round)) internal _rounds;
    mapping(bytes32 pool => mapping(uint32 epoch => mapping(uint32 => mapping(address => bytes32)))) private _words;

    event ReceiptsAnchored(
        bytes32 indexed pool,
        uint32 indexed epoch,
        address indexed settler,
        uint32 round,
        bytes32 receiptsRoot,
        uint256 receiptsTotal,
        uint32 receiptCount,
        string receipts,
        uint64 drawFrom
    );
    event ScorersDrawn(
        bytes32 indexed pool,
        uint32 indexed epoch,
        uint32 round,
        bytes32 seed,
        address[] panel,
        uint64 commitEnds,
        uint64 revealEnds
    );
    event WordsCommitted(
        bytes32 indexed pool, uint32 indexed epoch, address indexed scorer, uint32 round, bytes32 word
    );
    event RoundLapsed(bytes32 indexed pool, uint32 indexed epoch, address indexed settler, uint32 round, uint256 burnt);
    /// @param absent committed nothing; else the roster holds its words for wrong
    event ScorerPenalised(
        bytes32 indexed pool, uint32 indexed epoch, address indexed scorer, uint32 round, bool absent, uint256 taken
    );

    error UnbondingTooShort(uint64 unbondDelay);
    error EpochOutOfOrder(uint32 expected);
    error EmptyTreeWithTotal();
    error BundleLength();
    error AlreadyAnchored(uint64 until);
    error NotAnchored();
    error AlreadyDrawn();
    error NotDrawn();
    error NoDrawNow(uint64 drawFrom);
    error AnotherRound(uint32 round);
    error NotOnThePanel(address scorer);
    error AlreadyCommitted();
    error CommitOver();
    error CommitOpen(uint64 commitEnds);
    error RevealOpen(uint64 revealEnds);
    error OtherReceipts();
    error NotItsSettler(address settler);
    error NotAbsent(address scorer);

    constructor(NodeRegistry registry_, DatanetRegistry datanets_, Windows memory windows, uint256 bond_) {
        uint64 longest = windows.commit + windows.reveal + 2 * windows.challenge;
        if (registry_.unbondDelay() <= longest) revert UnbondingTooShort(registry_.unbondDelay());
        registry = registry_;
        datanets = datanets_;
        token = registry_.token();
        challengeWindow = windows.challenge;
        commitWindow = windows.commit;
        revealWindow = windows.reveal;
        drawBlocks = windows.drawBlocks;
        bond = bond_;
    }

    /// @notice What a settler or scorer must have staked and free: it is locked for as long as it answers.
    function minStake() public view returns (uint256) {
        return registry.minStake();
    }

    /// @dev The pool's next epoch, and whether its payouts are open to challenge.
    function _next(bytes32 pool) internal view virtual returns (uint32 epoch, bool pending);

    // Step one

    /// @notice States an epoch's receipts, before anybody knows which of them will be weighed.
    function anchorReceipts(Anchoring calldata a) external nonReentrant {
        (uint32 next, bool pending) = _next(a.pool);
        if (a.epoch != next) revert EpochOutOfOrder(next);
        Round storage round = _rounds[a.pool][a.epoch];
        if (pending) revert AlreadyAnchored(round.revealEnds + challengeWindow);
        uint256 burnt = _letGo(a.pool, a.epoch, round);
        if (a.receiptsRoot == 0 && a.receiptsTotal != 0) revert EmptyTreeWithTotal();
        if (bytes(a.receipts).length == 0 || bytes(a.receipts).length > 100) revert BundleLength();
        round.settler = msg.sender;
        round.number++;
        round.receiptCount = a.receiptCount;
        round.committed = 0;
        round.spent = false;
        round.drawFrom = uint64(block.number) + drawBlocks;
        round.seed = 0;
        (round.commitEnds, round.revealEnds, round.anchoredAt) = (0, 0, uint64(block.timestamp));
        (round.receiptsRoot, round.receiptsTotal) = (a.receiptsRoot, a.receiptsTotal);
        round.bond = bond;
        delete round.panel;
        round.receipts = a.receipts;
        emit ReceiptsAnchored(
            a.pool,
            a.epoch,
            msg.sender,
            round.number,
            a.receiptsRoot,
            a.receiptsTotal,
            a.receiptCount,
            a.receipts,
            round.drawFrom
        );
        registry.lock(msg.sender, minStake());
        token.safeTransferFrom(msg.sender, address(this), bond);
        if (burnt > 0) token.burn(burnt);
    }

    /// @notice Fixes the seed and draws the panel. Anyone may, and who scores or votes does.
    function draw(bytes32 pool, uint32 epoch) external {
        Round storage round = _rounds[pool][epoch];
        if (round.settler == address(0)) revert NotAnchored();
        if (round.seed != 0) revert AlreadyDrawn();
        bytes32 chance = blockhash(round.drawFrom);
        if (chance == 0) revert NoDrawNow(round.drawFrom);
        bytes32 seed = keccak256(abi.encode(chance, pool, epoch, round.number));
        round.seed = seed;
        // Who took a seat after the receipts were anchored may have known the seed.
        round.panel = registry.drawn(pool, seed, round.drawFrom - drawBlocks, PANEL, address(0));
        bool empty = round.panel.length == 0;
        round.commitEnds = uint64(block.timestamp) + (empty ? 0 : commitWindow);
        round.revealEnds = round.commitEnds + (empty ? 0 : revealWindow);
        emit ScorersDrawn(pool, epoch, round.number, seed, round.panel, round.commitEnds, round.revealEnds);
    }

    /// @notice A scorer of the panel commits to all its words of an epoch, before it shows any. Once all have, there is
    /// nothing to wait for.
    /// @param seed of the draw that it speaks of: where the chain reorganises another may stand under the same number
    function commit(bytes32 pool, uint32 epoch, bytes32 seed, bytes32 word) external {
        Round storage round = _rounds[pool][epoch];
        uint32 number = round.number;
        if (round.seed != seed) revert AnotherRound(number);
        if (!_onPanel(round, msg.sender)) revert NotOnThePanel(msg.sender);
        if (block.timestamp >= round.commitEnds) revert CommitOver();
        mapping(address => bytes32) storage words = _words[pool][epoch][number];
        if (words[msg.sender] != 0) revert AlreadyCommitted();
        words[msg.sender] = uint256(word) > 1 ? word : keccak256(abi.encode(word));
        round.committed++;
        if (round.committed == round.panel.length) {
            round.commitEnds = uint64(block.timestamp);
            round.revealEnds = round.commitEnds + revealWindow;
        }
        emit WordsCommitted(pool, epoch, msg.sender, number, words[msg.sender]);
    }

    /// @notice A scorer of the panel that has committed nothing in time loses a part of its stake, and its seat. Anyone
    /// may say so, and gets the finder's part.
    function penaliseAbsent(bytes32 pool, uint32 epoch, uint32 number, address scorer) external nonReentrant {
        Round storage round = _rounds[pool][epoch];
        if (round.number != number) revert AnotherRound(round.number);
        if (!_onPanel(round, scorer)) revert NotOnThePanel(scorer);
        if (block.timestamp < round.commitEnds) revert CommitOpen(round.commitEnds);
        if (_words[pool][epoch][number][scorer] != 0) revert NotAbsent(scorer);
        _words[pool][epoch][number][scorer] = ABSENT;
        _penalise(pool, epoch, number, scorer, msg.sender);
    }

    /// @notice What no contract sees, words that are wrong or were never shown, the roster answers for: with more than
    /// two thirds of the weight against it a scorer of the panel loses the same.
    function blame(bytes32 pool, uint32 epoch, uint32 number, address scorer) external nonReentrant {
        Round storage round = _rounds[pool][epoch];
        if (round.number != number) revert AnotherRound(round.number);
        if (!_onPanel(round, scorer)) revert NotOnThePanel(scorer);
        if (block.timestamp >= round.revealEnds + 2 * challengeWindow) revert CommitOver();
        if (!_blame(datanets, pool, keccak256(abi.encode(pool, epoch, number, scorer)))) return;
        _penalise(pool, epoch, number, scorer, address(0));
    }

    function roundOf(bytes32 pool, uint32 epoch) external view returns (Round memory) {
        return _rounds[pool][epoch];
    }

    /// @notice What each scorer of the panel has committed to, in its order; nothing is 0.
    function wordsOf(bytes32 pool, uint32 epoch) external view returns (bytes32[] memory words) {
        Round storage round = _rounds[pool][epoch];
        words = new bytes32[](round.panel.length);
        for (uint256 i = 0; i < words.length; i++) words[i] = _words[pool][epoch][round.number][round.panel[i]];
    }

    /// @dev Step two begins: the round must be over, and be about these receipts. Its bond goes over to the proposal.
    /// @return carried what of the bond is here already
    /// @return fresh whether the settler's stake is locked already
    function _spend(bytes32 pool, uint32 epoch, bytes32 receiptsRoot, uint256 receiptsTotal, uint32 receiptCount)
        internal
        returns (uint256 carried, bool fresh)
    {
        Round storage round = _rounds[pool][epoch];
        if (round.settler == address(0)) revert NotAnchored();
        if (round.seed == 0) revert NotDrawn();
        if (block.timestamp < round.revealEnds) revert RevealOpen(round.revealEnds);
        if (
            round.receiptsRoot != receiptsRoot || round.receiptsTotal != receiptsTotal
                || round.receiptCount != receiptCount
        ) revert OtherReceipts();
        fresh = !round.spent;
        if (fresh && msg.sender != round.settler) revert NotItsSettler(round.settler);
        carried = round.bond;
        (round.spent, round.bond) = (true, 0);
    }

    /// @dev Receipts in which a fault was shown: they must be anchored anew.
    function _discard(bytes32 pool, uint32 epoch) internal {
        _rounds[pool][epoch].settler = address(0);
    }

    /// @dev Whether receipts may be anchored anew, and what of the round before is to be burnt then. Payouts that were
    /// voted down have cost their bond already.
    function _letGo(bytes32 pool, uint32 epoch, Round storage round) private returns (uint256 burnt) {
        if (round.settler == address(0) || round.spent) return 0;
        bool lapsed =
            round.seed == 0
                ? block.number > round.drawFrom + KNOWN_BLOCKS
                : block.timestamp >= round.revealEnds + challengeWindow;
        if (!lapsed) revert AlreadyAnchored(round.revealEnds + challengeWindow);
        burnt = round.bond;
        emit RoundLapsed(pool, epoch, round.settler, round.number, burnt);
        registry.unlock(round.settler, minStake());
    }

    function _onPanel(Round storage round, address scorer) private view returns (bool) {
        for (uint256 i = 0; i < round.panel.length; i++) {
            if (round.panel[i] == scorer) return true;
        }
        return false;
    }

    function _penalise(bytes32 pool, uint32 epoch, uint32 number, address scorer, address reporter) private {
        registry.unseat(pool, scorer);
        uint256 taken = registry.slash(scorer, minStake() / PENALTY_PART, reporter);
        emit ScorerPenalised(pool, epoch, scorer, number, reporter != address(0), taken);
    }
}
