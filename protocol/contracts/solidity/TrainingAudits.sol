// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Blame} from "./Blame.sol";
import {DatanetRegistry} from "./DatanetRegistry.sol";
import {ModelRegistry} from "./ModelRegistry.sol";
import {NodeRegistry} from "./NodeRegistry.sol";
import {TilthToken} from "./TilthToken.sol";

/// @title Who runs a training's steps again before its model earns: chance says who and which, and their words stand.
/// @notice The builder of a registered model opens the audit of its job with a bond. What was trained, and every state
/// that was committed on the way, stood on chain by then as the deliveries of the job. The hash of a later block draws
/// a panel of the pool's scorers and, by the same seed, which segments of which adapters (protocol/jobs/audit.ts). Each
/// of the panel that may audit says once whether what it ran again agrees, and of what. Whether that admits the model
/// is computed by everybody from these words (protocol/jobs/certificate.ts); here they settle what it costs.
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
    /// @param against of those, who found it wrong
    /// @param refused it was shown to be wrong, and is never opened again
    struct Audit {
        bytes32 model;
        address builder;
        uint32 number;
        uint64 drawFrom;
        uint64 until;
        uint16 spoke;
        uint16 against;
        bool open;
        bool refused;
        bytes32 seed;
        address[] panel;
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
    /// @notice Rounds of one audit that are drawn.
    uint32 public constant MOST_ROUNDS = 8;

    mapping(bytes32 audit => Audit) private _audits;
    mapping(bytes32 round => mapping(address auditor => bool)) public hasSpoken;
    /// @dev Words against a round that the roster has not struck.
    mapping(bytes32 round => mapping(address auditor => bool)) private _isAgainst;
    /// @dev Panels of the rounds before the last, with the end of their time to speak: they answer for their words
    /// still.
    mapping(bytes32 round => address[]) private _panels;
    mapping(bytes32 round => uint64) private _untils;
    /// @dev Rounds of an audit that were drawn.
    mapping(bytes32 audit => uint32) private _draws;

    event AuditOpened(
        bytes32 indexed audit, bytes32 indexed model, bytes32 indexed pool, uint32 round, uint64 drawFrom, uint256 bond
    );
    event AuditorsDrawn(bytes32 indexed audit, uint32 round, bytes32 seed, address[] panel, uint64 until);
    event AuditSaid(bytes32 indexed audit, address indexed auditor, uint32 round, bool agrees, bytes32 subject);
    event AuditClosed(bytes32 indexed audit, uint32 round, bool refused, uint256 returned);
    event AuditorPenalised(bytes32 indexed audit, address indexed auditor, uint32 round, uint256 taken);

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

    function open(bytes32 model) external nonReentrant returns (bytes32 id) {
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
        bool carried = audit.open && lost == 0;
        if (audit.seed != 0) {
            bytes32 round = keccak256(abi.encode(id, audit.number));
            (_panels[round], _untils[round]) = (audit.panel, audit.until);
        }
        audit.number++;
        audit.open = true;
        audit.drawFrom = uint64(block.number) + drawBlocks;
        (audit.until, audit.spoke, audit.against, audit.seed) = (0, 0, 0, 0);
        delete audit.panel;
        emit AuditOpened(id, model, pool, audit.number, audit.drawFrom, bond());
        if (!carried) token.safeTransferFrom(msg.sender, address(this), bond());
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
    /// @param subject the deliveries that were looked at
    function say(bytes32 id, uint32 number, bool agrees, bytes32 subject) external {
        Audit storage audit = _audits[id];
        if (audit.number != number) revert AnotherRound(audit.number);
        if (!_isAmong(audit.panel, msg.sender)) revert NotOnThePanel(msg.sender);
        if (block.timestamp >= audit.until) revert AuditOver();
        bytes32 round = keccak256(abi.encode(id, number));
        if (hasSpoken[round][msg.sender]) revert AlreadySaid();
        hasSpoken[round][msg.sender] = true;
        audit.spoke++;
        if (!agrees) {
            audit.against++;
            _isAgainst[round][msg.sender] = true;
        }
        emit AuditSaid(id, msg.sender, number, agrees, subject);
    }

    /// @notice Once time is over or all have spoken: the bond goes back, unless a third of the panel is against it. It
    /// goes back, too, where nobody was there to be drawn: its builder may end that.
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
        uint256 returned = audit.refused ? 0 : bond();
        emit AuditClosed(id, audit.number, audit.refused, returned);
        if (audit.refused) token.burn(bond());
        else token.safeTransfer(audit.builder, returned);
    }

    /// @notice What no contract sees, a word that running the steps again shows to be false, or none, the roster
    /// answers for: with more than two thirds of the weight against it an auditor loses its seat, and a tenth of the
    /// least stake where that is asked for. If it was against the training, its word is struck; where too few are then
    /// left a refusal is undone, and the builder may open another round.
    /// @param costs whether stake is taken: not of who was given nothing to look at, and said so
    function blame(bytes32 id, uint32 number, address auditor, bool costs) external nonReentrant {
        Audit storage audit = _audits[id];
        bytes32 round = keccak256(abi.encode(id, number));
        bool isLast = audit.number == number;
        if (!_isAmong(isLast ? audit.panel : _panels[round], auditor)) revert NotOnThePanel(auditor);
        if (block.timestamp >= (isLast ? audit.until : _untils[round]) + 2 * window) revert AuditOver();
        (,, bytes32 pool) = models.termsOf(audit.model);
        if (!_blame(datanets, pool, keccak256(abi.encode(id, number, auditor, costs)))) return;
        // What stands of a round before the last is its words alone.
        if (isLast) _strike(audit, id, auditor);
        registry.unseat(pool, auditor);
        uint256 taken = costs ? registry.slash(auditor, bond(), address(0)) : 0;
        emit AuditorPenalised(id, auditor, number, taken);
    }

    function _strike(Audit storage audit, bytes32 id, address auditor) private {
        bytes32 round = keccak256(abi.encode(id, audit.number));
        if (!_isAgainst[round][auditor]) return;
        _isAgainst[round][auditor] = false;
        audit.against--;
        if (!audit.refused || _isRefused(audit)) return;
        audit.refused = false;
        emit AuditClosed(id, audit.number, false, 0);
    }

    function _isRefused(Audit storage audit) private view returns (bool) {
        return audit.against > 0 && uint256(audit.against) * 3 >= audit.panel.length;
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
