// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {AuditPay} from "./AuditPay.sol";
import {Blame} from "./Blame.sol";
import {DatanetRegistry} from "./DatanetRegistry.sol";
import {ModelRegistry} from "./ModelRegistry.sol";
import {NodeRegistry} from "./NodeRegistry.sol";
import {TilthToken} from "./TilthToken.sol";

/// @title Who runs a training's steps again before its model earns: chance says who and which, and their words stand.
/// @notice The builder of a registered model opens the audit of its job with a bond. What was trained, and every state
/// that was committed on the way, stood on chain by then as the deliveries of the job. The hash of a later block draws
/// a panel of the pool's scorers and, by the same seed, which segments of which adapters (protocol/jobs/audit.ts). Each
/// of the panel says one word: whether what it ran again agrees, and of what, and what beside that it was not given;
/// that it was given nothing to run; or that it has nothing to say, as who was drawn for no segment has not. Whether
/// that admits the model is computed by everybody from these words (protocol/jobs/audit.ts); here they settle what it
/// costs, and whom it pays.
///
/// Its builder pays for each run of each segment, three at most, with what it put in when it opened the audit; what
/// nobody ran goes back to it. Each word against the training costs it its part of the bond, so that to withhold what
/// a draw asks for, in the hope of another, is never free. Who says nothing loses what an absent scorer loses.
///
/// A job is audited once, by its first registration: another registration of it has the same seed. A round in which too
/// few spoke may be opened again, at most a few times; one with a third of its panel against it is the last, unless the
/// roster strikes words that were false.
contract TrainingAudits is ReentrancyGuardTransient, Blame {
    using SafeERC20 for TilthToken;

    /// @param number how often it was opened
    /// @param drawFrom block whose hash draws
    /// @param until time to speak; 0 before the draw
    /// @param spoke of the panel
    /// @param against of those, who found it wrong, or were given nothing
    /// @param segments that are run again
    /// @param refused it was shown to be wrong, and is never opened again
    /// @param fee for one run of one segment
    struct Audit {
        bytes32 model;
        address builder;
        uint32 number;
        uint64 drawFrom;
        uint64 until;
        uint16 spoke;
        uint16 against;
        uint16 segments;
        bool open;
        bool refused;
        uint256 fee;
        bytes32 seed;
        address[] panel;
    }

    /// @dev Nothing: of a part of the training that was its own it has nothing to say, or no part was. Absent: it said
    /// nothing at all, and has paid for it.
    enum Word {
        None,
        Agrees,
        Differs,
        NotServed,
        Nothing,
        Absent
    }

    /// @param struck by the roster: it counts for nothing
    /// @param unheard by the roster: what it says that it was not given does not count
    /// @param runs of which segments it says so, a bit for each in the order of the draw
    /// @param missing of which it says that it was given nothing to run
    struct Said {
        Word word;
        bool struck;
        bool unheard;
        uint16 runs;
        uint16 missing;
    }

    NodeRegistry public immutable registry;
    DatanetRegistry public immutable datanets;
    ModelRegistry public immutable models;
    TilthToken public immutable token;
    /// @notice Seconds to fetch states, run segments again and say what came of it.
    uint64 public immutable window;
    /// @notice Blocks between the opening and the one whose hash draws.
    uint64 public immutable drawBlocks;
    uint256 private constant PANEL = 9;
    uint256 private constant KNOWN_BLOCKS = 256;
    /// @notice Bond and penalty are one in so many of the least stake.
    uint256 private constant PENALTY_PART = 10;
    /// @notice The least fee for a run is one in so many of the least stake.
    uint256 private constant FEE_PART = 1000;
    /// @notice Segments of one audit.
    uint16 public constant MOST_SEGMENTS = 16;
    /// @notice Rounds of one audit that are drawn.
    uint32 public constant MOST_ROUNDS = 8;

    mapping(bytes32 audit => Audit) private _audits;
    mapping(bytes32 round => mapping(address auditor => Said)) private _said;
    /// @dev Panels of the rounds before the last, with the end of their time to speak: they answer for their words
    /// still.
    mapping(bytes32 round => address[]) private _panels;
    mapping(bytes32 round => uint64) private _untils;
    /// @dev Rounds of an audit that were drawn.
    mapping(bytes32 audit => uint32) private _draws;

    event AuditOpened(
        bytes32 indexed audit,
        bytes32 indexed model,
        bytes32 indexed pool,
        uint32 round,
        uint64 drawFrom,
        uint256 bond,
        uint16 segments,
        uint256 fee
    );
    event AuditorsDrawn(bytes32 indexed audit, uint32 round, bytes32 seed, address[] panel, uint64 until);
    event AuditSaid(
        bytes32 indexed audit,
        address indexed auditor,
        uint32 round,
        Word word,
        bytes32 subject,
        uint16 runs,
        uint16 missing,
        uint64 time
    );
    /// @notice A word of any round is found to be false by the roster: from then on no certificate counts it.
    /// @param whole all of it, or only what it says that it was not given
    event WordStruck(bytes32 indexed audit, address indexed auditor, uint32 round, bool whole, uint64 time);
    event AuditorPaid(bytes32 indexed audit, address indexed auditor, uint32 round, uint256 amount);
    /// @param returned to the builder, of its bond and of what it put in for auditors
    event AuditClosed(bytes32 indexed audit, uint32 round, bool refused, uint256 returned);
    /// @notice A validator holds an auditor's word for false; so others look.
    event AuditorBlamed(bytes32 indexed audit, address indexed auditor, uint32 round, address validator);
    event AuditorPenalised(bytes32 indexed audit, address indexed auditor, uint32 round, bool absent, uint256 taken);

    error UnbondingTooShort(uint64 unbondDelay);
    error NothingToAudit(bytes32 model);
    error NotTheBuilder(address builder);
    error AlreadyOpen();
    error NotOpen();
    error AlreadyRefused();
    error TooManyRounds();
    error AlreadyDrawn();
    error NotDrawn();
    error NoDrawNow(uint64 drawFrom);
    error NoSeats();
    error AnotherRound(uint32 round);
    error NotOnThePanel(address auditor);
    error AlreadySaid();
    error AuditOver();
    error AuditStillOpen(uint64 until);
    error SegmentsOutOfRange(uint16 most);
    error FeeTooSmall(uint256 least);
    error FeeTooLarge(uint256 most);
    error NoSuchWord();
    error NotAbsent(address auditor);

    constructor(NodeRegistry registry_, ModelRegistry models_, uint64 window_, uint64 drawBlocks_) {
        if (registry_.unbondDelay() <= 3 * window_) revert UnbondingTooShort(registry_.unbondDelay());
        registry = registry_;
        models = models_;
        datanets = models_.datanets();
        token = registry_.token();
        window = window_;
        drawBlocks = drawBlocks_;
    }

    /// @notice What whoever is wrong here loses: a builder of what agrees with nothing, an auditor whose word is false.
    function bond() public view returns (uint256) {
        return registry.minStake() / PENALTY_PART;
    }

    /// @notice One audit for a job of a builder, whatever registrations name it.
    function idOf(address builder, bytes32 job) public pure returns (bytes32) {
        return keccak256(abi.encode(builder, job));
    }

    /// @notice The least that one run of one segment is paid with.
    function leastFee() public view returns (uint256) {
        return registry.minStake() / FEE_PART;
    }

    /// @notice Takes the bond, and what all runs of its segments cost. Where an audit that was never drawn is opened
    /// anew, what was put in for its runs stays, and so do segments and fee.
    /// @param segments that are run again: fewer than the Datanet's rules ask for certify nothing
    /// @param fee for one run of one of them: those of all segments are no more than what a false word costs
    function open(bytes32 model, uint16 segments, uint256 fee) external nonReentrant returns (bytes32 id) {
        ModelRegistry.Model memory known = models.modelOf(model);
        if (known.builder != msg.sender) revert NotTheBuilder(known.builder);
        if (known.registration.datanet == 0 || known.registration.job == 0) revert NothingToAudit(model);
        id = idOf(msg.sender, known.registration.job);
        Audit storage audit = _audits[id];
        if (audit.refused) revert AlreadyRefused();
        if (_draws[id] >= MOST_ROUNDS) revert TooManyRounds();
        // The first registration stays the one that counts: what another names was not there when it was opened.
        if (audit.number == 0) (audit.model, audit.builder) = (model, msg.sender);
        if (audit.model != model) revert NothingToAudit(model);
        bytes32 pool = known.registration.datanet;
        uint256 lost = 0;
        if (audit.open) {
            bool could = _couldBeDrawn(audit, pool);
            // Where nobody was there to be drawn it is opened anew as soon as somebody is, with the same bond.
            bool lapsed = block.number > audit.drawFrom + (could ? KNOWN_BLOCKS : 0);
            if (audit.seed != 0 || !lapsed) revert AlreadyOpen();
            if (!could && registry.drawn(pool, 0, block.number, 1, msg.sender).length == 0) revert NoSeats();
            // Somebody could have drawn: another draw costs a bond.
            if (could) lost = bond();
        }
        // What it takes: nothing where all is here still, and no fees where only the bond is lost.
        uint256 taken = audit.open ? lost : bond() + _putIn(audit, segments, fee);
        if (audit.seed != 0) {
            bytes32 round = _roundOf(id, audit.number);
            (_panels[round], _untils[round]) = (audit.panel, audit.until);
        }
        audit.number++;
        audit.open = true;
        audit.drawFrom = uint64(block.number) + drawBlocks;
        (audit.until, audit.spoke, audit.against, audit.seed) = (0, 0, 0, 0);
        delete audit.panel;
        emit AuditOpened(id, model, pool, audit.number, audit.drawFrom, bond(), audit.segments, audit.fee);
        if (taken > 0) token.safeTransferFrom(msg.sender, address(this), taken);
        if (lost > 0) token.burn(lost);
    }

    /// @notice Fixes the seed and draws the panel. Anyone may, and who has a seat does.
    function draw(bytes32 id) external {
        Audit storage audit = _audits[id];
        if (!audit.open) revert NotOpen();
        if (audit.seed != 0) revert AlreadyDrawn();
        bytes32 chance = blockhash(audit.drawFrom);
        if (chance == 0) revert NoDrawNow(audit.drawFrom);
        (,, bytes32 pool) = models.termsOf(audit.model);
        bytes32 seed = keccak256(abi.encode(chance, id, audit.number));
        // Who took a seat after that block may have known its hash.
        audit.panel = registry.drawn(pool, seed, audit.drawFrom, PANEL, audit.builder);
        if (audit.panel.length == 0) revert NoSeats();
        _draws[id]++;
        audit.seed = seed;
        audit.until = uint64(block.timestamp) + window;
        emit AuditorsDrawn(id, audit.number, seed, audit.panel, audit.until);
    }

    /// @notice One word of each of the panel.
    /// @param seed of the draw that it speaks of: where the chain reorganises another may stand under the same number
    /// @param subject the deliveries that were looked at
    /// @param runs segments that it ran again, by their place in the draw: it is paid for those that were its own. Who
    /// says so of another's answers to the roster for it.
    /// @param missing those that it was given nothing to run of; with any the word is against the training. Who was
    /// given nothing at all, not even what says which are its own, names none.
    function say(bytes32 id, bytes32 seed, Word word, bytes32 subject, uint16 runs, uint16 missing) external {
        Audit storage audit = _audits[id];
        uint32 number = audit.number;
        if (audit.seed != seed) revert AnotherRound(number);
        if (!_isAmong(audit.panel, msg.sender)) revert NotOnThePanel(msg.sender);
        if (block.timestamp >= audit.until) revert AuditOver();
        Said storage said = _said[_roundOf(id, number)][msg.sender];
        if (said.word != Word.None) revert AlreadySaid();
        if (word == Word.None || word == Word.Absent) revert NoSuchWord();
        // Who has run something says of what, and nobody else does.
        bool ran = word == Word.Agrees || word == Word.Differs;
        bool fits = runs & missing == 0 && uint256(runs | missing) >> audit.segments == 0;
        if (ran != (runs != 0) || !fits || (word == Word.Nothing && missing != 0)) {
            revert SegmentsOutOfRange(audit.segments);
        }
        (said.word, said.runs, said.missing) = (word, runs, missing);
        audit.spoke++;
        if (_isAgainst(said)) audit.against++;
        emit AuditSaid(id, msg.sender, number, word, subject, runs, missing, uint64(block.timestamp));
    }

    /// @notice Once time is over or all have spoken: whoever ran a segment is paid, the rest of what was put in for
    /// that goes back, and so does the bond but for the part of each word against it, or all of it with a third of the
    /// panel against it. Both go back, too, where nobody was there to be drawn: its builder may end that.
    function close(bytes32 id) external nonReentrant {
        Audit storage audit = _audits[id];
        if (!audit.open) revert NotOpen();
        if (audit.seed == 0) {
            (,, bytes32 pool) = models.termsOf(audit.model);
            bool ends = msg.sender == audit.builder && block.number > audit.drawFrom;
            if (!ends || _couldBeDrawn(audit, pool)) revert NotDrawn();
        }
        if (block.timestamp < audit.until && audit.spoke < audit.panel.length) revert AuditStillOpen(audit.until);
        audit.open = false;
        audit.refused = _isRefused(audit);
        uint256 burnt = audit.refused ? bond() : audit.against == 0 ? 0 : bond() * audit.against / audit.panel.length;
        (uint256[] memory pay, uint256 paid) = _payOf(audit, id);
        uint256 returned = bond() - burnt + _feesOf(audit) - paid;
        emit AuditClosed(id, audit.number, audit.refused, returned);
        for (uint256 i = 0; i < pay.length; i++) {
            if (pay[i] > 0) _pay(id, audit.panel[i], audit.number, pay[i]);
        }
        if (burnt > 0) token.burn(burnt);
        if (returned > 0) token.safeTransfer(audit.builder, returned);
    }

    /// @notice Whoever of a panel said no word in time loses a part of its stake, and its seat: one that has nothing to
    /// say says so. Anyone may show it, and gets the finder's part.
    function penaliseAbsent(bytes32 id, uint32 number, address auditor) external nonReentrant {
        Audit storage audit = _audits[id];
        uint64 until = _requirePanelist(audit, id, number, auditor);
        if (block.timestamp < until) revert AuditStillOpen(until);
        Said storage said = _said[_roundOf(id, number)][auditor];
        if (said.word != Word.None) revert NotAbsent(auditor);
        said.word = Word.Absent;
        _penalise(audit, id, number, auditor, true, bond(), msg.sender);
    }

    /// @notice What no contract sees, a word that running the steps again shows to be false, the roster answers for:
    /// with more than two thirds of the weight against it an auditor loses its seat, and a tenth of the least stake
    /// where that is asked for. Then its word is struck: before the close it is paid nothing, no certificate counts it
    /// from then on, and if it was against the training and too few are then left, a refusal is undone, and the builder
    /// may open another round. Without stake only what it says that it was not given is struck, and its runs stand.
    /// @param costs whether stake is taken: not of who was given nothing to look at, and said so
    function blame(bytes32 id, uint32 number, address auditor, bool costs) external nonReentrant {
        Audit storage audit = _audits[id];
        _requirePanelist(audit, id, number, auditor);
        (,, bytes32 pool) = models.termsOf(audit.model);
        emit AuditorBlamed(id, auditor, number, msg.sender);
        if (!_blame(datanets, pool, keccak256(abi.encode(id, number, auditor, costs)))) return;
        _strike(audit, id, number, auditor, costs);
        _penalise(audit, id, number, auditor, false, costs ? bond() : 0, address(0));
    }

    /// @notice What an auditor has said in a round.
    function wordOf(bytes32 id, uint32 number, address auditor) external view returns (Said memory) {
        return _said[_roundOf(id, number)][auditor];
    }

    /// @notice What each of the panel would be paid if the audit was closed now, in its order.
    function payOf(bytes32 id) external view returns (uint256[] memory pay) {
        (pay,) = _payOf(_audits[id], id);
    }

    function _strike(Audit storage audit, bytes32 id, uint32 number, address auditor, bool whole) private {
        Said storage said = _said[_roundOf(id, number)][auditor];
        bool wasAgainst = _isAgainst(said);
        if (whole) said.struck = true;
        else said.unheard = true;
        emit WordStruck(id, auditor, number, whole, uint64(block.timestamp));
        // What stands of a round before the last is its words alone.
        if (audit.number != number || !wasAgainst || _isAgainst(said)) return;
        audit.against--;
        if (!audit.refused || _isRefused(audit)) return;
        audit.refused = false;
        emit AuditClosed(id, audit.number, false, 0);
    }

    function _penalise(
        Audit storage audit,
        bytes32 id,
        uint32 number,
        address auditor,
        bool absent,
        uint256 most,
        address reporter
    ) private {
        (,, bytes32 pool) = models.termsOf(audit.model);
        registry.unseat(pool, auditor);
        uint256 taken = most == 0 ? 0 : registry.slash(auditor, most, reporter);
        emit AuditorPenalised(id, auditor, number, absent, taken);
    }

    /// @dev Terms of a round that was not opened before, and what they cost.
    function _putIn(Audit storage audit, uint16 segments, uint256 fee) private returns (uint256) {
        if (segments == 0 || segments > MOST_SEGMENTS) revert SegmentsOutOfRange(MOST_SEGMENTS);
        if (fee < leastFee()) revert FeeTooSmall(leastFee());
        // No word brings more than it costs where it is shown to be false.
        if (fee * segments > bond()) revert FeeTooLarge(bond() / segments);
        (audit.segments, audit.fee) = (segments, fee);
        return _feesOf(audit);
    }

    function _feesOf(Audit storage audit) private view returns (uint256) {
        return AuditPay.EACH * audit.segments * audit.fee;
    }

    function _pay(bytes32 id, address auditor, uint32 number, uint256 amount) private {
        emit AuditorPaid(id, auditor, number, amount);
        token.safeTransfer(registry.payoutOf(auditor), amount);
    }

    function _payOf(Audit storage audit, bytes32 id) private view returns (uint256[] memory pay, uint256 paid) {
        address[] memory panel = audit.panel;
        bytes32 round = _roundOf(id, audit.number);
        uint256[] memory runs = new uint256[](panel.length);
        for (uint256 i = 0; i < panel.length; i++) {
            Said storage said = _said[round][panel[i]];
            if (!said.struck) runs[i] = said.runs;
        }
        return AuditPay.payFor(audit.seed, panel, runs, audit.segments, audit.fee);
    }

    function _isRefused(Audit storage audit) private view returns (bool) {
        return audit.against > 0 && uint256(audit.against) * 3 >= audit.panel.length;
    }

    /// @dev A word against the training that the roster has not struck.
    function _isAgainst(Said storage said) private view returns (bool) {
        bool lacks = !said.unheard && (said.word == Word.NotServed || said.missing != 0);
        return !said.struck && (said.word == Word.Differs || lacks);
    }

    function _roundOf(bytes32 id, uint32 number) private pure returns (bytes32) {
        return keccak256(abi.encode(id, number));
    }

    /// @dev Whoever was drawn in a round answers for its word until two windows after its end.
    /// @return until that end
    function _requirePanelist(Audit storage audit, bytes32 id, uint32 number, address auditor)
        private
        view
        returns (uint64 until)
    {
        bytes32 round = _roundOf(id, number);
        bool isLast = audit.number == number;
        if (!_isAmong(isLast ? audit.panel : _panels[round], auditor)) revert NotOnThePanel(auditor);
        until = isLast ? audit.until : _untils[round];
        if (block.timestamp >= until + 2 * window) revert AuditOver();
    }

    function auditOf(bytes32 id) external view returns (Audit memory) {
        return _audits[id];
    }

    /// @dev Whether somebody else than the builder sat when the block came whose hash draws.
    function _couldBeDrawn(Audit storage audit, bytes32 pool) private view returns (bool) {
        return registry.drawn(pool, 0, audit.drawFrom, 1, audit.builder).length > 0;
    }

    function _isAmong(address[] storage panel, address auditor) private view returns (bool) {
        for (uint256 i = 0; i < panel.length; i++) {
            if (panel[i] == auditor) return true;
        }
        return false;
    }
}
